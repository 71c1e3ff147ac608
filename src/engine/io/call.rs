//! What the host is told of sockets.

use std::sync::Arc;

use socketioxide_core::Str;

use crate::engine::{
    ids::Id,
    payload::Payload,
    socketio::{PublicId, Socket},
    transport::Hold,
};

/// A call into the host about a namespace, which is named by its key.
#[derive(Debug)]
pub enum IoCall {
    /// A socket is connected, and somebody listens for that.
    Connected {
        /// The namespace.
        nsp: u32,
        /// The socket.
        socket: Arc<Socket>,
        /// What the client sent with its connect: a JSON object.
        auth: Str,
        /// The client hears of it itself when the host did.
        hold: Arc<Hold>,
    },
    /// A socket that the host holds an object for is over.
    Disconnected {
        /// The namespace.
        nsp: u32,
        /// The socket.
        id: PublicId,
        /// Socket.IO's words for why.
        reason: &'static str,
    },
    /// Rooms came to be, changed and ended; the host watches them, and takes what became of them from the namespace.
    Rooms {
        /// The namespace.
        nsp: u32,
    },
    /// Events wait that nobody listens to. The host says when its program had a turn: then they are dropped.
    Turn,
    /// A client sent an event.
    Event {
        /// The namespace.
        nsp: u32,
        /// The socket.
        socket: Arc<Socket>,
        /// The JSON array of the packet, the name first.
        args: Payload,
        /// Number of the acknowledgement that it asks for.
        ack: Option<i64>,
        /// Only for those who listen to everything: the engine handles it.
        overheard: bool,
    },
    /// A client sent what is no packet, and its connection is being closed.
    Failed {
        /// The namespace.
        nsp: u32,
        /// The socket.
        id: PublicId,
        /// What was wrong with it.
        message: &'static str,
    },
    /// A client acknowledged.
    Answered {
        /// The namespace.
        nsp: u32,
        /// The socket.
        id: PublicId,
        /// The number.
        ack: i64,
        /// The JSON array of the packet.
        args: Payload,
    },
    /// A connection that the host looks at changed its transport.
    Upgraded {
        /// The session.
        session: Id,
    },
    /// A connection that the host looks at is over.
    Closed {
        /// The session.
        session: Id,
        /// Engine.IO's words for why.
        reason: &'static str,
    },
}

/// What became of a room.
#[derive(Debug)]
pub struct RoomChange {
    /// What.
    pub event: RoomEvent,
    /// The room.
    pub room: Arc<str>,
    /// Whoever joined or left.
    pub socket: Option<PublicId>,
}

/// As the adapter of Socket.IO tells of rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// Somebody is about to join, the first one.
    Created,
    /// Somebody joined.
    Joined,
    /// Somebody left.
    Left,
    /// That was the last one.
    Deleted,
}

impl RoomEvent {
    /// The event's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "create-room",
            Self::Joined => "join-room",
            Self::Left => "leave-room",
            Self::Deleted => "delete-room",
        }
    }
}

impl IoCall {
    /// Bytes that the call keeps alive beside itself, roughly.
    pub(in crate::engine) fn cost(&self) -> usize {
        match self {
            Self::Event { args, .. } | Self::Answered { args, .. } => args.size(),
            Self::Connected { auth, .. } => auth.len(),
            Self::Disconnected { .. }
            | Self::Rooms { .. }
            | Self::Turn
            | Self::Failed { .. }
            | Self::Upgraded { .. }
            | Self::Closed { .. } => 0,
        }
    }
}
