//! The session's half of the heartbeat: whose turn it is to ping, and when that is overdue.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{CloseReason, Frame, Pause, Session, State};
use crate::engine::lock::lock;

/// What timers, the client's and ours, are early or late by.
const TIMER_TICK: Duration = Duration::from_millis(3);

impl Session {
    /// Sends a ping; its number, or `None` where the session is over.
    pub(in crate::engine::transport) fn ping(self: &Arc<Self>) -> Option<u32> {
        let number = {
            let mut state = lock(&self.state);
            if state.close.is_some() {
                return None;
            }
            state.ping = state.ping.wrapping_add(1);
            state.answered = false;
            state.ping
        };
        self.send(&[Frame::text(&["2"])]).then_some(number)
    }

    /// Whether ping `number` is still unanswered. A session that is not read is pinged again instead, unless its peer is the one that does
    /// not read.
    pub(in crate::engine::transport) fn awaits_pong(self: &Arc<Self>, number: u32) -> bool {
        let state = lock(&self.state);
        let awaits = !state.answered && state.ping == number && state.close.is_none();
        if awaits && state.paused != 0 && !self.takes_nothing(&state) {
            drop(state);
            // At once: the peer counts on a ping at least every interval and timeout together.
            self.transport.heartbeat.ping(self);
            return false;
        }
        awaits
    }

    /// The peer answered.
    pub(in crate::engine::transport) fn pong(&self) {
        let mut state = lock(&self.state);
        if !std::mem::replace(&mut state.answered, true) {
            state.expires = self.transport.expiry();
            drop(state);
            self.transport.heartbeat.begin_ping(self.id);
        }
    }

    /// The peer pinged, as is done in version 3: it is answered, and its time begins again.
    pub(in crate::engine::transport) fn pinged(self: &Arc<Self>) {
        lock(&self.state).expires = self.transport.expiry();
        self.send(&[Frame::text(&["3"])]);
    }

    /// Ends a session whose peer's ping is overdue. Otherwise: when it is to be looked at again, if it is open, on the same clock.
    pub(in crate::engine::transport) fn expire_or_wait(self: &Arc<Self>) -> Option<Instant> {
        let mut state = lock(&self.state);
        let now = self.transport.heartbeat.clock().now();
        if state.close.is_some() {
            None
        } else if state.paused != 0 && !self.takes_nothing(&state) {
            // Its ping may be behind what is not read.
            Some(now + self.transport.options.patience())
        } else if state.expires > now {
            Some(state.expires)
        } else {
            self.close_locked(&mut state, CloseReason::PingTimeout);
            None
        }
    }

    /// Whether the session waits for its peer to read what it asked for, and the peer took nothing of it for an interval and a timeout. The
    /// answer to a poll that is under way has a clock of its own: `limits.httpTimeout`.
    fn takes_nothing(&self, state: &State) -> bool {
        state.paused & Pause::Outbox as u8 != 0
            && state.answering.is_none()
            && state.expires <= self.transport.heartbeat.clock().now()
    }

    /// When its peer's time is up, on the clock of the heartbeat.
    pub(in crate::engine::transport) fn expires(&self) -> Instant {
        lock(&self.state).expires
    }

    /// Ends a session whose time is up and whose timer has not come round to it: a request that comes to the millisecond is late
    /// all the same.
    pub(super) fn expire_if_due(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        if state.close.is_none()
            && state.paused == 0
            && self.transport.heartbeat.clock().now() + TIMER_TICK >= state.expires
        {
            self.close_locked(&mut state, CloseReason::PingTimeout);
        }
    }
}
