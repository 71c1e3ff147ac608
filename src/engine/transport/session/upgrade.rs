//! The session's half of an upgrade: one guest at a time, and what it takes over.

use std::sync::Arc;

use super::{Frame, Link, Session, Stream, Upgrade};
use crate::engine::{lock::lock, metrics::Family};

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

    /// The probe is about to be answered: the pending poll is let go. `false`: the session is over, and its client goes on polling.
    pub(in crate::engine::transport) fn probed(&self) -> bool {
        let mut state = lock(&self.state);
        let open = state.close.is_none();
        if open {
            state.upgrade = Upgrade::Probed;
            self.wake.notify_waiters();
        }
        open
    }

    /// Whether the WebSocket may still take over. A session that ended meanwhile lets it: a client whose probe was answered polls no more, and
    /// could not be told.
    pub(in crate::engine::transport) fn awaits_upgrade(&self) -> bool {
        let state = lock(&self.state);
        match &state.close {
            None => true,
            Some(_) => state.upgrade == Upgrade::Probed && matches!(state.link, Link::Polling { .. }),
        }
    }

    /// The WebSocket did not make it; the polling session lives on.
    pub(in crate::engine::transport) fn cancel_upgrade(&self) {
        lock(&self.state).upgrade = Upgrade::None;
    }

    /// The WebSocket takes over, and with it the outbox. `false`: the session is gone.
    pub(in crate::engine::transport) fn complete_upgrade(
        self: &Arc<Self>,
        stream: Arc<Stream>,
        base64: bool,
    ) -> bool {
        let mut state = lock(&self.state);
        if !matches!(state.link, Link::Polling { .. }) {
            return false;
        }
        state.link = Link::WebSocket(stream);
        self.metrics().add(Family::SessionsUpgraded, 1);
        if let Some(close) = &state.close {
            let goodbye = Frame::close(close.reason.code(), "");
            state.outbox.push_last(goodbye);
        }
        state.base64 = base64;
        state.upgrade = Upgrade::None;
        self.wake.notify_waiters();
        self.deliver_soon(state);
        if self.is_watched()
            && let Some(receiver) = self.receiver()
        {
            receiver.upgraded();
        }
        true
    }
}
