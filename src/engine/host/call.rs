//! What waits for the host.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use socketioxide_core::Str;

use crate::engine::{
    ids::Id,
    io::IoCall,
    payload::Payload,
    rooms::{Publication, Room},
    transport::Hold,
};

/// One call into the host. `docs/design/binding.md` says what each becomes in JavaScript.
#[derive(Debug)]
pub enum Call {
    /// A client is connected. Its commands wait until the host says that it is ready.
    Connected {
        /// The client.
        client: Id,
        /// It hears of it itself when the host did.
        hold: Arc<Hold>,
    },
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
        /// The event.
        publication: Arc<Publication>,
        /// Connections that it was sent to.
        recipients: usize,
        /// The number that the host gave with its own trigger; 0 otherwise.
        local: u64,
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
        events: Vec<Arc<Publication>>,
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
    /// Something about the program's own sockets.
    Io(IoCall),
    /// A request to the Socket.IO path was refused.
    Refused {
        /// The request.
        request: Box<RequestHead>,
        /// The session that it was to open, where the host was asked.
        session: Option<Id>,
        /// Engine.IO's number for why.
        code: u8,
        /// Its words.
        message: &'static str,
        /// More of it: a JSON object.
        context: String,
    },
    /// Something about an HTTP request for the app.
    Http(HttpCall),
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
    /// Who gets into a namespace.
    Namespace {
        /// Its name.
        nsp: String,
        /// `{ id, handshake }` as JSON.
        socket: String,
    },
    /// What becomes of a request to the Socket.IO path.
    Request(Box<RequestToDecide>),
}

/// A request to the Socket.IO path that the host decides on.
#[derive(Debug)]
pub struct RequestToDecide {
    /// The request.
    pub request: RequestHead,
    /// The session that it is to open; absent: it belongs to one. Its end is told, or that it was never opened.
    pub session: Option<Id>,
    /// Whether it will be refused whatever the host says of it.
    pub refused: bool,
    /// The cookie that its answer is to have.
    pub cookie: Option<String>,
    /// The file that it asks for.
    pub file: Option<String>,
}

/// A request without its body.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// Names and values, in order, repeated ones kept apart.
    pub headers: Vec<(String, String)>,
    /// The client.
    pub remote: SocketAddr,
    /// Whether it came through TLS, to this server or to a proxy that is trusted.
    pub secure: bool,
    /// Whether it is the handshake of a WebSocket.
    pub upgrade: bool,
}

impl RequestHead {
    fn cost(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
        self.url.len() + headers + 128
    }
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

/// What the app is told of a request.
#[derive(Debug)]
pub enum HttpCall {
    /// There is one.
    Request(HttpRequest),
    /// A piece of its body, which the host asked for.
    Piece {
        /// Its number.
        id: u64,
        /// The bytes; `None`: the body broke off.
        bytes: Option<Bytes>,
        /// Whether there may be more; where it broke off: there is more than may be.
        more: bool,
    },
    /// The peer took what the host waits for before it sends more.
    Drained {
        /// Its number.
        id: u64,
    },
    /// The peer is gone: nobody waits for the response.
    Aborted {
        /// Its number.
        id: u64,
    },
}

/// An HTTP request.
#[derive(Debug)]
pub struct HttpRequest {
    /// Its number.
    pub id: u64,
    /// Its method, URL and headers, and the peer: JSON without its braces.
    pub head: String,
    /// Its body.
    pub body: RequestBody,
}

/// What a body counts that is not read yet: the buffers of its connection, and the piece that the app will ask for.
const PIECES_COST: usize = 128 * 1024;

/// A request's body.
#[derive(Debug)]
pub enum RequestBody {
    /// There is none.
    None,
    /// All of it.
    Whole(Bytes),
    /// The host asks for it, piece by piece.
    Pieces,
}

/// The app's answer, or its head.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it is here.
    pub body: Bytes,
}

impl HttpResponse {
    /// A status alone.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }
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

/// What a call is to the queue: each class has a lane of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Tells of an event that the host did not trigger: the oldest are lost.
    Observed,
    /// A line for the log: the oldest are lost.
    Line,
    /// Asks for something that its connection waits for: refused where too much is asked.
    Asked,
    /// About a request for the app: the first of them is refused.
    Http,
    /// Tells of a request that was refused: not told where too much is.
    Refusal,
    /// An event for listeners: bounded by not reading on.
    Flowing,
    /// Must not be lost: bounded by not reading on, and by what it tells of.
    Kept,
}

impl Class {
    /// How many there are.
    pub const COUNT: usize = 7;

    /// Whether what is offered is refused where too much of it waits.
    pub fn is_refused_when_full(self) -> bool {
        matches!(self, Self::Asked | Self::Http | Self::Refusal)
    }
}

/// Bytes that ids of rooms keep alive, roughly: a room may be gone, and the call the last one to hold its id.
fn ids_cost(ids: &[Arc<str>]) -> usize {
    ids.iter().map(|id| id_cost(id)).sum()
}

fn id_cost(id: &str) -> usize {
    id.len() + 2 * size_of::<usize>() + size_of::<Arc<str>>()
}

impl Call {
    /// Bytes that the call keeps alive, roughly.
    pub(in crate::engine) fn cost(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Event { publication, .. } => publication.size(),
                Self::Decide { decision, .. } => decision.cost(),
                Self::Refused { request, context, .. } => request.cost() + context.len(),
                Self::Io(call) => call.cost(),
                Self::Cleanup { events, room, name, .. } => {
                    let events: usize =
                        events.iter().map(|event| event.size() + size_of::<Arc<Publication>>()).sum();
                    events + id_cost(room) + id_cost(name)
                }
                Self::Load(load) => id_cost(&load.room) + id_cost(&load.name),
                Self::History { page: Some(page), .. } => {
                    page.iter().map(|event| event.size() + size_of::<Payload>()).sum()
                }
                Self::Disconnected { rooms, .. } => ids_cost(rooms),
                Self::Joined { room, .. } | Self::Left { room, .. } | Self::RoomDeleted(room, _) => {
                    id_cost(room)
                }
                Self::RoomCreated(room) | Self::RoomUpdated(room) => room.weight(),
                Self::Http(HttpCall::Request(request)) => {
                    let body = match &request.body {
                        RequestBody::None => 0,
                        RequestBody::Whole(body) => body.len(),
                        RequestBody::Pieces => PIECES_COST,
                    };
                    body + request.head.len()
                }
                Self::Http(HttpCall::Piece { bytes, .. }) => bytes.as_ref().map_or(0, Bytes::len),
                Self::Log { message, .. } => message.len(),
                Self::Connected { .. }
                | Self::Refreshed(_)
                | Self::KeysWanted
                | Self::History { page: None, .. }
                | Self::Http(HttpCall::Drained { .. } | HttpCall::Aborted { .. }) => 0,
            }
    }

    /// Its lane in the queue.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::Event { local: 0, .. } => Class::Observed,
            Self::Log { .. } => Class::Line,
            Self::Decide { .. } | Self::Load(_) => Class::Asked,
            Self::Http(_) => Class::Http,
            // The host may hold something for a session that it was asked about.
            Self::Refused { session: None, .. } => Class::Refusal,
            Self::Io(IoCall::Event { .. }) => Class::Flowing,
            Self::Event { .. }
            | Self::Refused { .. }
            | Self::Io(_)
            | Self::Connected { .. }
            | Self::Disconnected { .. }
            | Self::Refreshed(_)
            | Self::KeysWanted
            | Self::Joined { .. }
            | Self::Left { .. }
            | Self::RoomCreated(_)
            | Self::RoomUpdated(_)
            | Self::RoomDeleted(..)
            | Self::Cleanup { .. }
            | Self::History { .. } => Class::Kept,
        }
    }

    /// Whether its connection counts for it while it waits.
    pub(in crate::engine) fn is_paced(&self) -> bool {
        matches!(self.class(), Class::Flowing | Class::Kept)
    }
}

impl Decision {
    fn cost(&self) -> usize {
        match self {
            Self::Event { message, room, .. } => message.size() + id_cost(room),
            Self::Join { room, .. } => id_cost(room),
            Self::Connect { socket, auth, claims } => {
                socket.len() + auth.len() + claims.as_ref().map_or(0, |claims| claims.len())
            }
            Self::Namespace { nsp, socket } => nsp.len() + socket.len(),
            Self::Request(request) => request.request.cost(),
        }
    }
}
