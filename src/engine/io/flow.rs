//! Events on their way to listeners. None is lost: where too much waits, those who send are not read on.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use super::call::IoCall;
use crate::engine::{
    core::Core,
    host::Call,
    lock::lock,
    payload::{Attachments, Payload, deeper_than},
    socketio::{Hearing, IncomingEvent, Socket},
    transport::Pause,
};

/// Bytes of one connection's events that wait, from which on it is not read.
const MAX_OWN: usize = 1 << 20;

/// Connections that are not read until their events, or everybody's, were handled.
#[derive(Debug, Default)]
pub struct Flow {
    /// A std mutex: held to put one in, or to look through them when the host took some calls.
    held: Mutex<Vec<Arc<Socket>>>,
    /// Whether there are any: spares the lock above.
    holds: AtomicBool,
}

/// A client sent an event for listeners; `overheard`: one that the engine handles, for those who listen to everything.
pub fn event(core: &Core, socket: &Arc<Socket>, event: &IncomingEvent, overheard: bool) {
    let wanted = if overheard { Hearing::EVERYTHING } else { Hearing::EVENTS };
    if !socket.hears(wanted) {
        core.lanes.dropped.fetch_add(u64::from(!overheard), Ordering::Relaxed);
        return;
    }
    let Some(nsp) = core.io.named(socket.nsp()) else { return };
    let Some(args) = carried(core, event.whole.as_str().to_owned(), event.attachments.iter().cloned()) else {
        if !overheard {
            socket.close_unreadable();
        }
        return;
    };
    let ack = event.ack.filter(|_| !overheard);
    let call = IoCall::Event { nsp: nsp.key(), socket: socket.clone(), args, ack, overheard };
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
        Some(args) => {
            core.tell(Call::Io(IoCall::Answered { nsp: nsp.key(), id: socket.public_id(), ack, args }));
        }
        None => socket.close_unreadable(),
    }
}

/// The array of a packet, if its placeholders and attachments match and `limits.jsonDepth` holds.
fn carried(
    core: &Core,
    text: String,
    attachments: impl IntoIterator<Item = bytes::Bytes>,
) -> Option<Payload> {
    // JavaScript parses many of them at once: one that is too deep for its parser must not reach it.
    if deeper_than(&text, usize::try_from(core.limits().json_depth).unwrap_or(usize::MAX)) {
        return None;
    }
    let mut attachments = Attachments::new(attachments);
    if attachments.is_empty() {
        // What looks like a placeholder is text: nothing is put in its place.
        return Some(Payload::plain(text));
    }
    let args = Payload::new(text.into(), &mut attachments).ok()?;
    attachments.finish().ok()?;
    Some(args)
}

fn pass(core: &Core, socket: &Arc<Socket>, call: IoCall) {
    let call = Call::Io(call);
    let own = socket.flow_in(call.cost());
    core.tell(call);
    if own > MAX_OWN || core.queue.is_flooded() {
        socket.pause(Pause::Events);
        lock(&core.flow.held).push(socket.clone());
        core.flow.holds.store(true, Ordering::SeqCst);
        // The host may have taken everything meanwhile, and will not look again.
        release(core);
    }
}

/// The host took calls: those who are not to wait any more are read on.
pub fn taken(core: &Core, calls: &[Call]) {
    for call in calls {
        if let Call::Io(IoCall::Event { socket, .. }) = call {
            socket.flow_out(call.cost());
        }
    }
    if core.flow.holds.load(Ordering::SeqCst) {
        release(core);
    }
}

fn release(core: &Core) {
    let mut held = lock(&core.flow.held);
    let ebbed = core.queue.has_ebbed();
    held.retain(|socket| {
        let stays = !ebbed || socket.flow() > MAX_OWN / 2;
        if !stays {
            socket.resume(Pause::Events);
        }
        // The socket may be over, and others go on, on a connection that is not read.
        stays && socket.session().is_open()
    });
    core.flow.holds.store(!held.is_empty(), Ordering::SeqCst);
    if held.is_empty() {
        *held = Vec::new();
    }
}
