//! Events that nobody listens to yet, of sockets that the program holds.
//!
//! A program that asks a client and then listens for the answer, or that listens in the turn in which a client of the same process sends,
//! must not lose the event to the engine's being faster. So such an event is kept until the program had a turn of its event loop, for
//! which the host is asked at most once at a time, and is then dropped. `docs/design/io.md` says what bounds them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::{call::IoCall, flow};
use crate::engine::{
    back_pressure::Charge,
    core::Core,
    host::Call,
    lock::lock,
    metrics::Family,
    socketio::{Hearing, IncomingEvent, Socket, Unheard},
};

/// Bytes of one connection's events that wait, from which on it is not read if nobody listens to them.
pub(super) const MAX_OWN: usize = 512 << 10;
/// Bytes of all connections' events that nobody listens to, from which on those who send more are not read.
const MAX_ALL: usize = 8 << 20;
/// Bytes of a socket's events that are still handed over when it ends.
const MAX_PARTING: usize = 64 << 10;
/// What an event costs beside its text.
const OVERHEAD: usize = 128;

/// The sockets that have such events.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// A std mutex: held to put one in, or to take all.
    state: Mutex<State>,
    /// Bytes of all events.
    bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    sockets: Vec<Arc<Socket>>,
    /// The host was asked for a turn.
    asked: bool,
}

impl Waiting {
    /// Whether so much waits that those who send more are not to be read.
    fn is_flooded(&self) -> bool {
        self.bytes.load(Ordering::SeqCst) > MAX_ALL
    }

    /// Whether so little waits again that everybody may be read on.
    pub(super) fn has_ebbed(&self) -> bool {
        self.bytes.load(Ordering::SeqCst) <= MAX_ALL / 2
    }
}

fn cost(event: &Unheard) -> usize {
    let attachments: usize = event.attachments.iter().map(bytes::Bytes::len).sum();
    event.whole.len() + attachments + OVERHEAD
}

/// Keeps an event of a socket that does not listen. `false`: it listens by now.
pub(super) fn keep(core: &Core, socket: &Arc<Socket>, event: &IncomingEvent) -> bool {
    let waiting = &core.flow.unheard;
    let (first, own, bytes) = {
        let mut events = socket.unheard();
        // Whoever begins to listen does so under this lock.
        if socket.hears(Hearing::EVENTS) {
            return false;
        }
        let event =
            Unheard { whole: event.whole.clone(), attachments: event.attachments.clone(), ack: event.ack };
        let bytes = cost(&event);
        events.push(event);
        let account = socket.session().account();
        account.charge(bytes, false);
        (events.len() == 1, account.bytes(), bytes)
    };
    waiting.bytes.fetch_add(bytes, Ordering::SeqCst);
    if first {
        let asks = {
            let mut state = lock(&waiting.state);
            state.sockets.push(socket.clone());
            !std::mem::replace(&mut state.asked, true)
        };
        if asks {
            core.tell(Call::Io(IoCall::Turn));
        }
    }
    if own > MAX_OWN || waiting.is_flooded() {
        core.charge(socket.session(), Charge { flows: true, full: true });
    }
    true
}

/// Takes what a socket keeps. Under the lock that keeps it.
fn take(core: &Core, socket: &Socket, events: &mut Vec<Unheard>) -> Vec<Unheard> {
    let events = std::mem::take(events);
    let bytes = events.iter().map(cost).sum();
    socket.session().account().settle(bytes, false);
    core.flow.unheard.bytes.fetch_sub(bytes, Ordering::SeqCst);
    events
}

/// The host says what somebody listens to, as bits of [`Hearing`]: what waited for that is told, ahead of what comes.
pub fn hear(core: &Core, socket: &Arc<Socket>, bits: u8) {
    let mut events = socket.unheard();
    if bits & Hearing::EVENTS != 0 {
        for event in take(core, socket, &mut events) {
            flow::tell(core, socket, event, false);
        }
    }
    socket.hear(bits);
}

/// The program had a turn: what nobody began to listen to is dropped.
pub fn turned(core: &Core) {
    let waiting = &core.flow.unheard;
    let sockets = {
        let mut state = lock(&waiting.state);
        state.asked = false;
        std::mem::take(&mut state.sockets)
    };
    for socket in &sockets {
        let dropped = take(core, socket, &mut socket.unheard()).len();
        core.metrics.add(Family::EventsDropped, dropped as u64);
    }
    core.read_on(sockets.iter().map(|socket| &**socket.session().account()));
}

/// A socket is over, and the program about to be told: what its client sent just before comes ahead of that, so far as it is little.
/// Of what a client said before it left by itself, Socket.IO tells nobody.
pub(in crate::engine) fn part(core: &Core, socket: &Arc<Socket>) {
    let events = take(core, socket, &mut socket.unheard());
    let bytes: usize = events.iter().map(cost).sum();
    if socket.has_left() || bytes > MAX_PARTING {
        core.metrics.add(Family::EventsDropped, events.len() as u64);
        return;
    }
    for event in events {
        flow::tell(core, socket, event, false);
    }
}
