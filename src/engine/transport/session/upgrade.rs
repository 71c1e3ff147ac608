//! The session's half of an upgrade: one guest at a time, and what it takes over.

use std::sync::Arc;

use tokio::net::TcpStream;

use super::{Link, Session, Upgrade};
use crate::engine::lock::lock;

impl Session {
    /// A WebSocket wants to take over. One at a time, and only a polling session.
    pub(in crate::engine::transport) fn begin_upgrade(&self) -> bool {
        let mut state = lock(&self.state);
        let free = matches!(state.link, Link::Polling { .. })
            && state.upgrade == Upgrade::None
            && state.close.is_none();
        if free {
            state.upgrade = Upgrade::Opened;
        }
        free
    }

    /// The probe was answered: the pending poll is let go.
    pub(in crate::engine::transport) fn probed(&self) {
        lock(&self.state).upgrade = Upgrade::Probed;
        self.wake.notify_waiters();
    }

    /// The WebSocket did not make it; the polling session lives on.
    pub(in crate::engine::transport) fn cancel_upgrade(&self) {
        lock(&self.state).upgrade = Upgrade::None;
    }

    /// The WebSocket takes over, and with it the outbox. `false`: the session ended meanwhile.
    pub(in crate::engine::transport) fn complete_upgrade(self: &Arc<Self>, stream: Arc<TcpStream>) -> bool {
        let mut state = lock(&self.state);
        if state.close.is_some() || !matches!(state.link, Link::Polling { .. }) {
            return false;
        }
        state.link = Link::WebSocket(stream);
        state.upgrade = Upgrade::None;
        self.wake.notify_waiters();
        self.deliver_soon(state);
        true
    }
}
