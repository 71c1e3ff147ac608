//! The names of Dialogue's wire protocol: Socket.IO events in namespace `/`.

/// Version of the protocol, told in `dialogue:connected`: acknowledgements are answered.
pub const VERSION: u32 = 1;

/// Every event of the protocol begins with this.
pub const PREFIX: &str = "dialogue:";

/// The sender of what the server triggers. No client can bear this user id.
pub const SYSTEM: &str = "system";

/// Of the query of the handshake: what a client says that takes [`outgoing::ROOMS_CHANGED`].
pub const BATCHES: (&str, &str) = ("announcements", "batched");

/// What the server sends.
pub mod outgoing {
    /// First event of a connection.
    pub const CONNECTED: &str = "dialogue:connected";
    /// The client is in a room.
    pub const JOINED: &str = "dialogue:joined";
    /// The client is no longer in a room.
    pub const LEFT: &str = "dialogue:left";
    /// An event of a room.
    pub const EVENT: &str = "dialogue:event";
    /// What a room remembers, sent after a join.
    pub const HISTORY: &str = "dialogue:history";
    /// Reply to `dialogue:getHistory`.
    pub const HISTORY_RESPONSE: &str = "dialogue:historyResponse";
    /// Reply to `dialogue:listRooms`.
    pub const ROOMS: &str = "dialogue:rooms";
    /// A room was created.
    pub const ROOM_CREATED: &str = "dialogue:roomCreated";
    /// A room was changed.
    pub const ROOM_UPDATED: &str = "dialogue:roomUpdated";
    /// A room was deleted.
    pub const ROOM_DELETED: &str = "dialogue:roomDeleted";
    /// Several rooms were created, changed or deleted.
    pub const ROOMS_CHANGED: &str = "dialogue:roomsChanged";
    /// Another token governs the connection.
    pub const REFRESHED: &str = "dialogue:refreshed";
    /// A request was refused.
    pub const ERROR: &str = "dialogue:error";
}
