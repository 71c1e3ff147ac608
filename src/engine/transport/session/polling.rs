//! The session's half of long-polling: who waits, what is taken, what is refused.

use std::sync::Arc;

use super::{CloseReason, Link, Session, Upgrade};
use crate::engine::lock::lock;

/// Why a polling request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::transport) enum PollError {
    /// Another one of its kind is under way.
    Overlap,
    /// The session no longer polls.
    WrongTransport,
}

impl Session {
    /// A GET begins to wait.
    pub(in crate::engine::transport) fn begin_poll(self: &Arc<Self>) -> Result<(), PollError> {
        self.expire_if_due();
        match &mut lock(&self.state).link {
            Link::Polling { waiting: true, .. } => Err(PollError::Overlap),
            Link::Polling { waiting, .. } => {
                *waiting = true;
                Ok(())
            }
            Link::WebSocket(_) | Link::Gone => Err(PollError::WrongTransport),
        }
    }

    /// A waiting GET went away: its client is gone, and the session with it.
    pub(in crate::engine::transport) fn abandon_poll(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        if let Link::Polling { waiting, .. } = &mut state.link {
            *waiting = false;
            if state.close.is_none() {
                self.close_locked(&mut state, CloseReason::TransportError);
            }
        }
    }

    /// What a waiting GET is answered with, or `None` while there is nothing to say.
    pub(in crate::engine::transport) fn take_poll(&self) -> Option<Vec<u8>> {
        let mut state = lock(&self.state);
        let closing = state.close.as_ref().map(|close| close.reason);
        let Link::Polling { waiting, .. } = &mut state.link else {
            // The upgrade was completed while this request waited.
            return Some(b"6".to_vec());
        };
        *waiting = false;
        let mut payload = state.outbox.take_payload();
        match closing {
            Some(reason) => {
                // The client said so itself and knows; any other reason it has to be told.
                let last: &[u8] = if reason == CloseReason::TransportClose { b"6" } else { b"1" };
                if !payload.is_empty() {
                    payload.push(b'\x1e');
                }
                payload.extend_from_slice(last);
                state.link = Link::Gone;
                drop(state);
                self.transport.forget(&self.id);
            }
            None if payload.is_empty() && state.upgrade == Upgrade::Probed => payload.push(b'6'),
            None if payload.is_empty() => {
                if let Link::Polling { waiting, .. } = &mut state.link {
                    *waiting = true;
                }
                return None;
            }
            None => {}
        }
        Some(payload)
    }

    /// A POST begins to be read.
    pub(in crate::engine::transport) fn begin_post(&self) -> Result<(), PollError> {
        let mut state = lock(&self.state);
        if state.close.is_some() {
            return Err(PollError::WrongTransport);
        }
        match &mut state.link {
            Link::Polling { receiving: true, .. } => Err(PollError::Overlap),
            Link::Polling { receiving, .. } => {
                *receiving = true;
                Ok(())
            }
            Link::WebSocket(_) | Link::Gone => Err(PollError::WrongTransport),
        }
    }

    /// A POST was handled.
    pub(in crate::engine::transport) fn end_post(&self) {
        if let Link::Polling { receiving, .. } = &mut lock(&self.state).link {
            *receiving = false;
        }
    }

    /// Whether the session takes further messages: a POST is not answered before.
    pub(in crate::engine::transport) fn is_ready(&self) -> bool {
        let state = lock(&self.state);
        !state.paused || state.close.is_some()
    }

    /// A closed polling session whose last words nobody fetched in time.
    pub(in crate::engine::transport) fn part(&self) {
        let mut state = lock(&self.state);
        if state.close.is_some() && matches!(state.link, Link::Polling { .. }) {
            state.link = Link::Gone;
            state.outbox.clear();
            drop(state);
            self.wake.notify_waiters();
            self.transport.forget(&self.id);
        }
    }
}
