//! Which hooks are installed: a bit each, tested before anything is built for a hook.

use std::sync::atomic::{AtomicU32, Ordering};

/// The mask of installed hooks.
#[derive(Debug, Default)]
pub struct Hooks(AtomicU32);

impl Hooks {
    /// `clients.onConnected`, `socket.onConnect` or a listener for connections.
    pub const CONNECTED: u32 = 1;
    /// `clients.onDisconnected` or `socket.onDisconnect`.
    pub const DISCONNECTED: u32 = 2;
    /// `clients.onJoined`.
    pub const JOINED: u32 = 4;
    /// `clients.onLeft`.
    pub const LEFT: u32 = 8;
    /// `rooms.onCreated`.
    pub const CREATED: u32 = 16;
    /// `rooms.onUpdated`.
    pub const UPDATED: u32 = 32;
    /// `rooms.onDeleted`.
    pub const DELETED: u32 = 64;
    /// `events.afterEach` or `events.onTriggered`.
    pub const EVENTS: u32 = 128;
    /// `events.onCleanup`.
    pub const CLEANUP: u32 = 256;
    /// `events.onLoad`.
    pub const LOAD: u32 = 512;
    /// An app that answers HTTP requests.
    pub const HTTP: u32 = 1024;

    /// `socket.authenticate`.
    pub const AUTHENTICATE: u32 = 2048;
    /// `clients.beforeJoin`.
    pub const BEFORE_JOIN: u32 = 4096;
    /// `events.beforeEach`.
    pub const BEFORE_EACH: u32 = 8192;

    /// Somebody decides on requests that are to open a session.
    pub const HANDSHAKES: u32 = 16_384;
    /// Somebody decides on every request to the Socket.IO path.
    pub const REQUESTS: u32 = 32_768;
    /// Somebody wants to know which requests to the Socket.IO path are refused.
    pub const REFUSALS: u32 = 65_536;

    /// Replaces the mask.
    pub fn set(&self, mask: u32) {
        self.0.store(mask, Ordering::Release);
    }

    /// Whether any hook of `mask` is installed.
    pub fn any(&self, mask: u32) -> bool {
        self.0.load(Ordering::Acquire) & mask != 0
    }
}
