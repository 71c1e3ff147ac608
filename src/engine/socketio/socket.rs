//! One client in one namespace.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use socketioxide_core::Str;

use super::{ack::Acks, packet};
use crate::engine::{
    ids::Id,
    payload::Payload,
    transport::{CloseReason, Frame, Head, Session},
};

/// Why a socket ended, with Socket.IO's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client left the namespace.
    Client,
    /// The server closed the socket.
    Server,
    /// The connection below ended.
    Transport(CloseReason),
}

impl DisconnectReason {
    /// The reason as Socket.IO names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client namespace disconnect",
            Self::Server => "server namespace disconnect",
            Self::Transport(reason) => reason.as_str(),
        }
    }
}

/// A socket. Its id is public; the session it runs on has another, which is not.
#[derive(Debug)]
pub struct Socket {
    id: Id,
    nsp: Str,
    session: Arc<Session>,
    connected: AtomicBool,
    pub(super) acks: Mutex<Acks>,
}

impl Socket {
    /// A socket that is not yet accepted: it has its id, and sends nothing.
    pub(super) fn new(nsp: Str, session: Arc<Session>) -> Arc<Self> {
        Arc::new(Self {
            id: Id::random(),
            nsp,
            session,
            connected: AtomicBool::new(false),
            acks: Mutex::default(),
        })
    }

    /// The public id.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The namespace.
    pub fn nsp(&self) -> &Str {
        &self.nsp
    }

    /// The request that opened the connection.
    pub fn head(&self) -> &Head {
        self.session.head()
    }

    /// `"polling"` or `"websocket"`.
    pub fn transport_name(&self) -> &'static str {
        self.session.transport_name()
    }

    /// Whether the socket is open.
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }

    /// Queues frames that were encoded for this socket's namespace. `false`: the socket is over.
    pub fn send(&self, frames: &[Frame]) -> bool {
        self.is_connected() && self.session.send(frames)
    }

    /// Sends an event with one argument.
    pub fn emit(&self, name: &str, argument: &Payload) -> bool {
        self.send(&packet::event_with(&self.nsp, name, argument))
    }

    /// Sends an event: `args` is the JSON array with the name first.
    pub fn emit_args(&self, args: impl Into<Str>, attachments: &[Bytes]) -> bool {
        self.send(&packet::event(&self.nsp, args, attachments, None))
    }

    /// Answers an event that asked for it: `args` is a JSON array.
    pub fn acknowledge(&self, id: i64, args: impl Into<Str>, attachments: &[Bytes]) -> bool {
        self.send(&packet::ack(&self.nsp, id, args, attachments))
    }

    /// Stops reading from the client until [`Socket::resume`].
    pub fn pause(&self) {
        self.session.pause();
    }

    /// Reads on.
    pub fn resume(&self) {
        self.session.resume();
    }

    /// Runs a task until it ends or the server is killed.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.session.spawn(task);
    }

    /// Closes the connection under the socket, once what is queued was sent.
    pub fn close_connection(&self) {
        self.session.close(CloseReason::ForcedClose);
    }

    /// Says goodbye to the client. `false`: the socket was over already. The caller tells the handler.
    pub(super) fn say_goodbye(&self) -> bool {
        self.send(&packet::disconnect(&self.nsp));
        self.end()
    }

    /// Opens the socket: `welcome` is the first thing that it sends. `false`: its connection is over.
    pub(super) fn open(&self, welcome: &[Frame]) -> bool {
        let sent = self.session.send(welcome);
        self.connected.store(sent, Ordering::Release);
        sent
    }

    /// Marks the socket as over; `true` for the one who did.
    pub(super) fn end(&self) -> bool {
        let ended = self.connected.swap(false, Ordering::AcqRel);
        if ended {
            self.drop_acks();
        }
        ended
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }
}
