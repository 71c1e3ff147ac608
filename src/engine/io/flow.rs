//! Events on their way to listeners. None is lost: where too much waits, those who send are not read on.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    call::IoCall,
    unheard::{self, Waiting},
};
use crate::engine::{
    core::Core,
    host::Call,
    ids::Id,
    lock::lock,
    payload::{Attachments, Payload, deeper_than},
    socketio::{Hearing, ILLEGAL_ATTACHMENTS, INVALID_PAYLOAD, IncomingEvent, Socket, Unheard},
    transport::Pause,
};

/// Bytes of one connection's events that wait, from which on it is not read.
const MAX_OWN: usize = 1 << 20;

/// Connections that are not read until their events, or everybody's, were handled.
#[derive(Debug, Default)]
pub struct Flow {
    /// A std mutex: held to put one in, or to let go of some when the host took calls.
    held: Mutex<Held>,
    /// Whether there are any: spares the lock above.
    holds: AtomicBool,
    /// Events that nobody listens to yet.
    pub(super) unheard: Waiting,
}

impl Flow {
    /// Whether so few events of everybody's wait again that all may be read on who have few of their own.
    fn has_ebbed(&self, core: &Core) -> bool {
        core.queue.has_ebbed() && self.unheard.has_ebbed()
    }
}

/// Each connection once, by its session. One is looked at when the host took something of it, or when everybody may go on: never with all
/// the others at each event.
#[derive(Debug, Default)]
struct Held {
    /// Until enough of their own events were handled.
    own: HashMap<Id, Arc<Socket>>,
    /// Until enough of everybody's were.
    all: HashMap<Id, Arc<Socket>>,
}

/// A client sent an event for listeners; `overheard`: one that the engine handles, for those who listen to everything.
pub fn event(core: &Core, socket: &Arc<Socket>, event: &IncomingEvent, overheard: bool) {
    let wanted = if overheard { Hearing::EVERYTHING } else { Hearing::EVENTS };
    if !socket.hears(wanted) {
        if overheard {
            return;
        }
        if !socket.is_looked_at() {
            // Nobody can be about to listen.
            core.lanes.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if unheard::keep(core, socket, event) {
            return;
        }
    }
    let event = Unheard {
        whole: event.whole.clone(),
        attachments: event.attachments.clone(),
        ack: event.ack.filter(|_| !overheard),
    };
    tell(core, socket, event, overheard);
}

/// Tells the host of an event.
pub(super) fn tell(core: &Core, socket: &Arc<Socket>, event: Unheard, overheard: bool) {
    let Some(nsp) = core.io.named(socket.nsp()) else { return };
    let args = match carried(core, event.whole.as_str().to_owned(), event.attachments) {
        Ok(args) => args,
        Err(_) if overheard => return,
        Err(message) => return refuse(core, nsp.key(), socket, message),
    };
    let call = IoCall::Event { nsp: nsp.key(), socket: socket.clone(), args, ack: event.ack, overheard };
    pass(core, socket, call);
}

/// A client acknowledged what the host asked it to.
pub fn answered(
    core: &Core,
    socket: &Arc<Socket>,
    ack: i64,
    text: String,
    attachments: impl IntoIterator<Item = bytes::Bytes>,
) {
    let Some(nsp) = core.io.named(socket.nsp()) else { return };
    match carried(core, text, attachments) {
        Ok(args) => {
            core.tell(Call::Io(IoCall::Answered { nsp: nsp.key(), id: socket.public_id(), ack, args }));
        }
        Err(message) => refuse(core, nsp.key(), socket, message),
    }
}

/// A packet cannot be handed on: its socket is told, and its connection closed.
fn refuse(core: &Core, nsp: u32, socket: &Socket, message: &'static str) {
    core.tell(Call::Io(IoCall::Failed { nsp, id: socket.public_id(), message }));
    socket.close_unreadable();
}

/// The array of a packet, if its placeholders and attachments match and `limits.jsonDepth` holds; else what is wrong with it.
fn carried(
    core: &Core,
    text: String,
    attachments: impl IntoIterator<Item = bytes::Bytes>,
) -> Result<Payload, &'static str> {
    // JavaScript parses many of them at once: one that is too deep for its parser must not reach it.
    if deeper_than(&text, usize::try_from(core.limits().json_depth).unwrap_or(usize::MAX)) {
        return Err(INVALID_PAYLOAD);
    }
    let mut attachments = Attachments::new(attachments);
    if attachments.is_empty() {
        // What looks like a placeholder is text: nothing is put in its place.
        return Ok(Payload::plain(text));
    }
    let args = Payload::new(text.into(), &mut attachments).map_err(|_| ILLEGAL_ATTACHMENTS)?;
    attachments.finish().map_err(|_| ILLEGAL_ATTACHMENTS)?;
    Ok(args)
}

fn pass(core: &Core, socket: &Arc<Socket>, call: IoCall) {
    let call = Call::Io(call);
    let own = socket.flow_in(call.cost());
    core.tell(call);
    if own > MAX_OWN || core.queue.is_flooded() {
        hold(core, socket);
    }
}

/// A connection is not read on until enough of its own events were handled, and of everybody's.
pub(super) fn hold(core: &Core, socket: &Arc<Socket>) {
    let mut held = lock(&core.flow.held);
    socket.pause(Pause::Events);
    held.all.remove(&socket.session().id());
    held.own.insert(socket.session().id(), socket.clone());
    core.flow.holds.store(true, Ordering::SeqCst);
    // The host may have taken everything meanwhile, and will not look again.
    held.review(core.flow.has_ebbed(core), &socket.session().id());
    core.flow.holds.store(!held.is_empty(), Ordering::SeqCst);
}

/// The host took calls: those who are not to wait any more are read on.
pub fn taken(core: &Core, calls: &[Call]) {
    let senders = || {
        calls.iter().filter_map(|call| match call {
            Call::Io(IoCall::Event { socket, .. }) => Some((call, socket)),
            _ => None,
        })
    };
    for (call, socket) in senders() {
        socket.flow_out(call.cost());
    }
    review(core, senders().map(|(_, socket)| socket));
}

/// Events of these are out of the way: those are read on who are not to wait any more.
pub(super) fn review<'a>(core: &Core, sockets: impl Iterator<Item = &'a Arc<Socket>>) {
    if !core.flow.holds.load(Ordering::SeqCst) {
        return;
    }
    let mut held = lock(&core.flow.held);
    let ebbed = core.flow.has_ebbed(core);
    for socket in sockets {
        held.review(ebbed, &socket.session().id());
    }
    if ebbed {
        held.all_ebbed();
    }
    core.flow.holds.store(!held.is_empty(), Ordering::SeqCst);
}

impl Held {
    /// Reads a connection on, if enough of its events were handled, and of everybody's.
    fn review(&mut self, ebbed: bool, session: &Id) {
        let waits = self.own.get(session).is_some_and(|socket| socket.flow() > MAX_OWN / 2);
        let Some(socket) = (!waits).then(|| self.own.remove(session)).flatten() else { return };
        if ebbed {
            socket.resume(Pause::Events);
        } else if socket.session().is_open() {
            // The socket may be over, and others go on, on a connection that is not read.
            self.all.insert(*session, socket);
        }
    }

    /// Enough of everybody's events were handled.
    fn all_ebbed(&mut self) {
        for (session, socket) in std::mem::take(&mut self.all) {
            if socket.flow() <= MAX_OWN / 2 {
                socket.resume(Pause::Events);
            } else if socket.session().is_open() {
                self.own.insert(session, socket);
            }
        }
        if self.own.is_empty() {
            self.own = HashMap::new();
        }
    }

    fn is_empty(&self) -> bool {
        self.own.is_empty() && self.all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::{
        connection::Dialogue,
        fuzzing::{caller::Caller, floors::Floors, program::Program},
        socketio::SocketIo,
    };

    #[test]
    fn a_connection_is_held_once_however_much_it_sends() {
        const CLIENTS: usize = 20;
        // It is told of clients, listens to all they send, and has a short queue.
        let program = Program::new("niq");
        let dialogue = Arc::new(Dialogue::new(program.core.clone()));
        let floors = Floors::new(10_000, |tasks| {
            SocketIo::start(dialogue, 10_000, Duration::from_secs(10), true, tasks)
        });
        let mut callers: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let caller = Caller::connect(&floors, "ada");
                while program.answer_all() {
                    floors.settle();
                }
                caller
            })
            .collect();
        let held = || {
            let held = lock(&program.core.flow.held);
            held.own.len() + held.all.len()
        };
        assert_eq!(held(), 0);
        for _ in 0..50 {
            callers.iter_mut().for_each(|caller| caller.ask("shout", "1", 0, false));
            floors.settle();
        }
        // The first few came before the queue was full.
        assert!((CLIENTS - 2..=CLIENTS).contains(&held()), "{}", held());
        while program.answer_all() {
            floors.settle();
        }
        assert_eq!((held(), program.core.flow.holds.load(Ordering::SeqCst)), (0, false));
        assert!(callers.iter().all(Caller::is_there));
        floors.stop();
        program.core.give_up();
    }
}
