//! Events on their way to listeners. None is lost: where too much waits, those who send are not read on (`back_pressure.rs`).

use std::sync::Arc;

use super::{
    call::IoCall,
    unheard::{self, Waiting},
};
use crate::engine::{
    core::Core,
    host::Call,
    metrics::Family,
    payload::{Payload, deeper_than},
    socketio::{Hearing, ILLEGAL_ATTACHMENTS, INVALID_PAYLOAD, IncomingEvent, Socket, Unheard},
};

/// Events that nobody listens to yet.
#[derive(Debug, Default)]
pub struct Flow {
    pub(super) unheard: Waiting,
}

impl Flow {
    /// Whether so little waits again that those who send more are read on.
    pub(in crate::engine) fn has_ebbed(&self) -> bool {
        self.unheard.has_ebbed()
    }
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
            core.metrics.add(Family::EventsDropped, 1);
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
    core.tell(Call::Io(call));
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
    let attachments: Vec<_> = attachments.into_iter().collect();
    if attachments.is_empty() {
        // What looks like a placeholder is text: nothing is put in its place.
        return Ok(Payload::plain(text));
    }
    Payload::whole(text.into(), attachments).map_err(|_| ILLEGAL_ATTACHMENTS)
}
