//! The session's half of long-polling: who waits, what is taken, what is refused.

use std::{collections::VecDeque, sync::Arc};

use super::{CloseReason, Frame, Link, Session, Upgrade};
use crate::engine::{lock::lock, transport::revision::Payload};

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

    /// What a GET is answered with, or `None` while there is nothing to say. `waited`: it did not just come.
    pub(in crate::engine::transport) fn take_poll(&self, waited: bool) -> Option<Payload> {
        let mut state = lock(&self.state);
        let closing = state.close.as_ref().map(|close| close.reason);
        let base64 = state.base64;
        let is_held = state.is_held();
        let Link::Polling { waiting, .. } = &mut state.link else {
            // The upgrade was completed while this request waited.
            return Some(self.revision.write(&[Frame::text(&["6"])].into(), base64));
        };
        *waiting = false;
        let mut frames = if is_held { VecDeque::new() } else { state.outbox.take_all() };
        match closing {
            // Socket.IO's client acts on a close at once, and on the packets in front of it a turn later, which it then does not: a
            // goodbye among them would be lost, and the client come back. The close is for the next poll.
            Some(CloseReason::ForcedClose | CloseReason::BadPacket) if !frames.is_empty() => {
                self.transport.parting.push(self.id);
            }
            Some(reason) => {
                // The client said so itself and knows; any other reason it has to be told: a poll that waited at once, one that
                // comes later behind a noop, as Engine.IO has it.
                let last: &[&str] = match reason {
                    CloseReason::TransportClose => &["6"],
                    _ if waited => &["1"],
                    _ => &["6", "1"],
                };
                frames.extend(last.iter().map(|packet| Frame::text(&[packet])));
                state.link = Link::Gone;
                drop(state);
                self.transport.forget(&self.id);
                return Some(self.revision.write(&frames, base64));
            }
            None if frames.is_empty() && state.upgrade == Upgrade::Probed => {
                frames.push_back(Frame::text(&["6"]));
            }
            None if frames.is_empty() => {
                if let Link::Polling { waiting, .. } = &mut state.link {
                    *waiting = true;
                }
                return None;
            }
            None => {}
        }
        drop(state);
        Some(self.revision.write(&frames, base64))
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
        state.paused == 0 || state.close.is_some()
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
