//! Socket.IO 5 over the transport: packets, namespaces, acknowledgements.
//!
//! It knows nothing of Dialogue, and calls up through [`Handler`].

mod ack;
mod connect;
mod connection;
pub mod packet;
mod socket;

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use self::connection::{Connection, Reader};
pub use self::{
    ack::{AckError, PendingAck},
    connect::ConnectRequest,
    packet::IncomingEvent,
    socket::{DisconnectReason, Socket},
};
use super::{
    clock::DeadlineQueue,
    shutdown::Tasks,
    transport::{Receiver, Session, Upper},
};

/// What stands on the Socket.IO layer. Called on the engine's threads; must not block.
pub trait Handler: Send + Sync + 'static {
    /// A client asks for a namespace. It is answered through the request, now or later; dropping it refuses.
    fn connect(&self, request: ConnectRequest);
    /// A client sent an event. Called for one event of a connection at a time, in the order sent.
    fn event(&self, socket: &Arc<Socket>, event: IncomingEvent);
    /// A socket is over. Called once for each that was accepted; nothing follows.
    fn disconnected(&self, socket: &Arc<Socket>, reason: DisconnectReason);
}

/// The Socket.IO layer of a running server.
pub struct SocketIo {
    handler: Arc<dyn Handler>,
    /// Most bytes of one message, over its attachments.
    max_payload: usize,
    /// Connections that have not asked for a namespace.
    waiting: DeadlineQueue<Weak<Connection>>,
}

impl std::fmt::Debug for SocketIo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SocketIo").finish_non_exhaustive()
    }
}

impl SocketIo {
    /// A layer that hands what it reads to `handler`.
    pub fn start(
        handler: Arc<dyn Handler>,
        max_payload: usize,
        connect_timeout: Duration,
        tasks: &Tasks,
    ) -> Arc<Self> {
        let layer = Arc::new(Self { handler, max_payload, waiting: DeadlineQueue::new(connect_timeout) });
        let (expiring, owner) = (layer.clone(), tasks.clone());
        tasks.spawn(async move {
            loop {
                let connection = tokio::select! {
                    connection = expiring.waiting.next() => connection,
                    () = owner.stopping() => return,
                };
                if let Some(connection) = connection.upgrade() {
                    connection.expire();
                }
            }
        });
        layer
    }
}

impl Upper for SocketIo {
    fn opened(&self, session: &Arc<Session>) -> Arc<dyn Receiver> {
        let connection = Connection::new(session.clone(), self.handler.clone(), self.max_payload);
        self.waiting.push(Arc::downgrade(&connection));
        Arc::new(Reader(connection))
    }
}
