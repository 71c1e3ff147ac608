//! What waits for the host.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use socketioxide_core::Str;

use crate::engine::{event::Event, ids::Id, payload::Payload, rooms::Room};

/// One call into the host. `docs/design/binding.md` says what each becomes in JavaScript.
#[derive(Debug)]
pub enum Call {
    /// A client is connected. Its commands wait until the host says that it is ready.
    Connected(Id),
    /// A client is gone. It is remembered until the host says that it may be forgotten.
    Disconnected {
        /// The client.
        client: Id,
        /// Socket.IO's words for why.
        reason: &'static str,
        /// Rooms that it was in, in order of joining.
        rooms: Vec<Arc<str>>,
    },
    /// Another token governs a client that the host holds an object for.
    Refreshed(Id),
    /// A token names a key that is not known: the host is to fetch the set again.
    KeysWanted,
    /// Something to decide.
    Decide {
        /// What the verdict is given under.
        ticket: u64,
        /// What it is.
        decision: Decision,
    },
    /// A client joined a room.
    Joined {
        /// The client.
        client: Id,
        /// The room's id.
        room: Arc<str>,
        /// The room's key.
        key: u64,
    },
    /// A client left a room, or was removed from it.
    Left {
        /// The client.
        client: Id,
        /// The room's id.
        room: Arc<str>,
        /// The room's key.
        key: u64,
    },
    /// A room was created. It may be gone again when the host hears of it.
    RoomCreated(Arc<Room>),
    /// A room was changed.
    RoomUpdated(Arc<Room>),
    /// A room is gone, and its history was handed over.
    RoomDeleted(Arc<str>, u64),
    /// A room accepted an event.
    Event {
        /// The room's key.
        key: u64,
        /// The event.
        event: Arc<Event>,
        /// Connections that it was sent to.
        recipients: usize,
        /// The number that the host gave with its own trigger; 0 otherwise.
        local: u32,
    },
    /// Events leave memory, oldest first.
    Cleanup {
        /// What to answer with.
        ticket: u64,
        /// The room's id.
        room: Arc<str>,
        /// The kind.
        name: Arc<str>,
        /// The events.
        events: Vec<Arc<Event>>,
    },
    /// Events older than memory are asked for.
    Load(Load),
    /// A page of history that the host asked for.
    History {
        /// The number the host was given when it asked.
        ticket: u64,
        /// `EventMessage`s, newest first; `None`: `onLoad` failed.
        page: Option<Vec<Payload>>,
    },
    /// An HTTP request for the app.
    Http(HttpRequest),
    /// A line for the log.
    Log {
        /// How loud.
        level: Level,
        /// What happened.
        message: String,
        /// Where in the engine.
        at: &'static str,
    },
}

/// Something that the host decides.
#[derive(Debug)]
pub enum Decision {
    /// Whether an event may be said, and how.
    Event {
        /// The room's id.
        room: Arc<str>,
        /// The room's key.
        key: u64,
        /// The `EventMessage` as JSON, without an offset.
        message: Payload,
        /// Whether the event's schema is to judge it first.
        validate: bool,
    },
    /// Whether a client may join a room.
    Join {
        /// The client.
        client: Id,
        /// The room's id.
        room: Arc<str>,
        /// The room's key.
        key: u64,
    },
    /// Who connects.
    Connect {
        /// `{ id, handshake }` as JSON.
        socket: String,
        /// What the client sent, a JSON object.
        auth: Str,
        /// What its token says, a JSON object, where one was verified.
        claims: Option<Arc<str>>,
    },
}

/// A request for events older than memory.
#[derive(Debug)]
pub struct Load {
    /// What to answer with.
    pub ticket: u64,
    /// The room's id.
    pub room: Arc<str>,
    /// The kind.
    pub name: Arc<str>,
    /// 0 is the newest that memory does not hold.
    pub start: usize,
    /// Exclusive.
    pub end: usize,
}

/// An HTTP request, whole.
#[derive(Debug)]
pub struct HttpRequest {
    /// What to answer with.
    pub ticket: u64,
    /// The method.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// Names and values, in order, repeated ones kept apart.
    pub headers: Vec<(String, String)>,
    /// The body; `None` where the method has none.
    pub body: Option<Bytes>,
    /// The peer.
    pub remote: SocketAddr,
}

/// The app's answer.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// What happened as it should.
    Info,
    /// What someone may want to change.
    Warn,
    /// What failed.
    Error,
}

impl Call {
    /// Bytes that the call keeps alive, roughly.
    pub(super) fn cost(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Event { event, .. } => event.size(),
                Self::Decide { decision: Decision::Event { message, .. }, .. } => message.size(),
                Self::Decide { decision: Decision::Connect { socket, auth, claims }, .. } => {
                    socket.len() + auth.len() + claims.as_ref().map_or(0, |claims| claims.len())
                }
                Self::Cleanup { events, .. } => events.iter().map(|event| event.size()).sum(),
                Self::History { page: Some(page), .. } => page.iter().map(Payload::size).sum(),
                Self::Http(request) => request.body.as_ref().map_or(0, Bytes::len) + request.url.len() + 512,
                Self::Log { message, .. } => message.len(),
                _ => 0,
            }
    }

    /// Whether it may be lost when too much waits: what only tells of an event, unless the host triggered it itself.
    pub(super) fn is_droppable(&self) -> bool {
        matches!(self, Self::Event { local: 0, .. })
    }
}
