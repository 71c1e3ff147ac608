//! Socket.IO 5 over the transport: packets, namespaces, acknowledgements. Where the session's revision is Engine.IO 3, its client is one of
//! Socket.IO 2.
//!
//! It knows nothing of Dialogue, and calls up through [`Handler`].

mod ack;
mod connect;
mod connection;
pub mod packet;
mod socket;
mod v2;

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use self::connection::{Connection, Reader};
pub(in crate::engine) use self::connection::{ILLEGAL_ATTACHMENTS, INVALID_PAYLOAD};
pub(in crate::engine) use self::socket::Unheard;
pub use self::{
    ack::{AckError, Answer, PendingAck},
    connect::ConnectRequest,
    packet::IncomingEvent,
    socket::{DisconnectReason, Hearing, PublicId, Socket},
    v2::read_socket_id,
};
use super::{
    clock::DeadlineQueue,
    ids::Id,
    shutdown::Tasks,
    transport::{CloseReason, Receiver, Session, Upper},
};

/// What stands on the Socket.IO layer. Called on the engine's threads; must not block.
pub trait Handler: Send + Sync + 'static {
    /// A client asks for a namespace. It is answered through the request, now or later; dropping it refuses.
    fn connect(&self, request: ConnectRequest);
    /// A client sent an event. Called for one event of a connection at a time, in the order sent.
    fn event(&self, socket: &Arc<Socket>, event: IncomingEvent);
    /// A socket is over. Called once for each that was accepted; nothing follows.
    fn disconnected(&self, socket: &Arc<Socket>, reason: DisconnectReason);
    /// A client sent what is no packet; its connection is about to be closed.
    fn failed(&self, _socket: &Arc<Socket>, _message: &'static str) {}
    /// A client answered what [`Socket::expect_answer`] waits for: a JSON array and its attachments.
    fn answered(&self, _socket: &Arc<Socket>, _id: i64, _answer: Answer) {}
    /// A connection is over since more waited for it than may.
    fn stalled(&self) {}
    /// A session that is [watched](Session::watch) has another transport.
    fn upgraded(&self, _session: Id) {}
    /// A session that is [watched](Session::watch) is over, or one that was announced will not be opened.
    fn closed(&self, _session: Id, _reason: CloseReason) {}
}

/// The Socket.IO layer of a running server.
pub struct SocketIo {
    handler: Arc<dyn Handler>,
    /// Most bytes of one message, over its attachments.
    max_payload: usize,
    /// Connections that have not been given a namespace, and whether they were looked at before.
    waiting: DeadlineQueue<(Weak<Connection>, bool)>,
}

impl std::fmt::Debug for SocketIo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SocketIo").finish_non_exhaustive()
    }
}

impl SocketIo {
    /// A layer that hands what it reads to `handler`. `waits`: who asked for a namespace within `connect_timeout` has as long again for the
    /// decision; else it is to be made by then.
    pub fn start(
        handler: Arc<dyn Handler>,
        max_payload: usize,
        connect_timeout: Duration,
        waits: bool,
        tasks: &Tasks,
    ) -> Arc<Self> {
        let layer = Arc::new(Self { handler, max_payload, waiting: DeadlineQueue::new(connect_timeout) });
        let expiring = layer.clone();
        let failed = |panic: &str| tracing::error!("the connect timeout panicked and goes on: {panic}");
        tasks.keep(failed, move || {
            let expiring = expiring.clone();
            async move {
                loop {
                    let (waiting, again) = expiring.waiting.next().await;
                    if let Some(connection) = waiting.upgrade()
                        && connection.expire(waits && !again)
                    {
                        expiring.waiting.push((waiting, true));
                    }
                }
            }
        });
        layer
    }
}

impl Upper for SocketIo {
    fn opened(&self, session: &Arc<Session>) -> Arc<dyn Receiver> {
        let connection = Connection::new(session.clone(), self.handler.clone(), self.max_payload);
        self.waiting.push((Arc::downgrade(&connection), false));
        Arc::new(Reader(connection))
    }

    fn abandoned(&self, session: Id) {
        self.handler.closed(session, CloseReason::TransportClose);
    }
}
