//! What is done to the sockets that a selector means.

use std::sync::Arc;

use super::{namespace::Namespace, selector::Selector};
use crate::engine::{
    connection::end_by_server,
    core::Core,
    metrics::Family,
    payload::Payload,
    socketio::{Socket, packet},
};

/// Something that `io` does to many sockets. Applied here; another node would be sent the same value.
#[derive(Debug)]
pub enum Operation {
    /// Sends an event: the JSON array with the name first.
    Emit {
        /// The array.
        args: Payload,
        /// Only to those whose connection is ready for it.
        volatile: bool,
        /// Asks for acknowledgements.
        ack: bool,
    },
    /// Joins rooms.
    Join(Vec<Arc<str>>),
    /// Leaves rooms.
    Leave(Vec<Arc<str>>),
    /// Disconnects.
    Disconnect {
        /// The connection too.
        close: bool,
    },
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Sockets that were asked for an acknowledgement, or that were ended.
    pub count: usize,
    /// The number under which acknowledgements come.
    pub ack: Option<i64>,
}

/// Sends an event to one socket; the number of the acknowledgement, where one was asked for.
pub fn emit_to(
    nsp: &Namespace,
    socket: &Arc<Socket>,
    args: &Payload,
    volatile: bool,
    ack: bool,
) -> Option<i64> {
    let ack = ack.then(|| nsp.next_ack());
    if let Some(id) = ack {
        socket.expect_answer(id);
    }
    let frames = packet::event(nsp.name(), args.text().to_owned(), args.attachments(), ack);
    if !socket.send_as(&frames, volatile) {
        // Nobody was asked, and nobody will answer.
        if let Some(id) = ack {
            socket.forget_answer(id);
        }
        return None;
    }
    socket.session().metrics().add(Family::EventsDelivered, 1);
    ack
}

/// Applies an operation.
pub fn apply(core: &Core, nsp: &Namespace, selector: &Selector, operation: Operation) -> Applied {
    match operation {
        Operation::Emit { args, volatile, ack } => {
            let ack = ack.then(|| nsp.next_ack());
            // Encoded once, however many get it.
            let frames = packet::event(nsp.name(), args.text().to_owned(), args.attachments(), ack);
            let Some(id) = ack else {
                let mut sent = 0;
                nsp.visit(selector, |socket| sent += u64::from(socket.send_as(&frames, volatile)));
                core.metrics.add(Family::EventsDelivered, sent);
                return Applied::default();
            };
            let mut asked = Vec::new();
            nsp.visit(selector, |socket| {
                socket.expect_answer(id);
                if socket.send_as(&frames, volatile) {
                    asked.push(Arc::downgrade(socket));
                } else {
                    socket.forget_answer(id);
                }
            });
            let count = asked.len();
            core.metrics.add(Family::EventsDelivered, count as u64);
            nsp.note_asked(id, asked);
            Applied { count, ack }
        }
        Operation::Join(rooms) => {
            nsp.join(selector, &rooms);
            Applied::default()
        }
        Operation::Leave(rooms) => {
            nsp.leave(selector, &rooms);
            Applied::default()
        }
        Operation::Disconnect { close } => {
            let sockets = nsp.sockets(selector);
            for socket in &sockets {
                end_by_server(core, socket, close);
            }
            Applied { count: sockets.len(), ack: None }
        }
    }
}
