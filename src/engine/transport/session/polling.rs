//! The session's half of long-polling: who waits, what is taken, what is refused.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, Weak},
};

use super::{CloseReason, Frame, Link, POLLING, Pause, Session, Upgrade};
use crate::engine::{
    lock::lock,
    metrics::Family,
    transport::revision::Payload,
    way_out::{Unwritten, WayOut},
};

/// Why a polling request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::transport) enum PollError {
    /// Another one of its kind is under way.
    Overlap,
    /// The session no longer polls.
    WrongTransport,
}

/// What a GET is answered with.
pub(in crate::engine::transport) struct Polled {
    pub payload: Payload,
    /// It took something out of the outbox, where it counts until the answer is out.
    pub counts: bool,
}

/// Travels with the answer of a GET, among the extensions of its response, to where that is written. Dropped before: the answer is lost, and
/// the session with it.
#[derive(Clone)]
pub struct PollAnswer(Arc<Mutex<Option<Box<Answer>>>>);

/// An answer that is not out yet.
struct Answer(Option<Arc<Session>>);

impl PollAnswer {
    pub(in crate::engine::transport) fn new(session: Arc<Session>) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(Answer(Some(session)))))))
    }

    /// It goes out on a connection, which is to tell when that was.
    pub fn goes_out_on(&self, way: &Arc<WayOut>) -> Option<Box<dyn Unwritten>> {
        let answer = lock(&self.0).take()?;
        if let Some(session) = &answer.0
            && let Some(answering) = &mut lock(&session.state).answering
        {
            *answering = Arc::downgrade(way);
        }
        Some(answer)
    }
}

impl Unwritten for Answer {
    fn written(mut self: Box<Self>) {
        if let Some(session) = self.0.take() {
            session.poll_is_out(true);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            session.poll_is_out(false);
        }
    }
}

impl Session {
    /// The answer of a GET is out, or is lost.
    pub(in crate::engine::transport) fn poll_is_out(self: &Arc<Self>, written: bool) {
        let mut state = lock(&self.state);
        state.answering = None;
        state.outbox.polled_is_out();
        state.outbox.note(self.metrics());
        if !written && state.close.is_none() && matches!(state.link, Link::Polling { .. }) {
            self.close_locked(&mut state, CloseReason::TransportError);
            return;
        }
        let has_room = self.has_room_again(&state);
        if state.paused & Pause::Outbox as u8 != 0 {
            state.expires = self.transport.expiry();
        }
        drop(state);
        if has_room {
            self.resume(Pause::Outbox);
        }
        // The next GET may wait for this.
        self.wake.notify_waiters();
    }

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

    /// What a GET is answered with, or `None` while there is nothing to say, or an answer before is not out. `waited`: it did not just come.
    pub(in crate::engine::transport) fn take_poll(&self, waited: bool) -> Option<Polled> {
        let mut state = lock(&self.state);
        let closing = state.close.as_ref().map(|close| close.reason);
        let base64 = state.base64;
        let is_held = state.is_held();
        let is_answering = state.answering.is_some();
        let Link::Polling { waiting, .. } = &mut state.link else {
            // The upgrade was completed while this request waited.
            let payload = self.revision.write(&[Frame::text(&["6"])].into(), base64);
            self.count_poll(1, &payload);
            return Some(Polled { payload, counts: false });
        };
        if closing.is_none() && is_answering {
            return None;
        }
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
                let payload = self.revision.write(&frames, base64);
                self.count_poll(frames.len(), &payload);
                return Some(Polled { payload, counts: false });
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
        state.answering = Some(Weak::new());
        drop(state);
        let payload = self.revision.write(&frames, base64);
        self.count_poll(frames.len(), &payload);
        Some(Polled { payload, counts: true })
    }

    /// A poll is answered with so many packets.
    fn count_poll(&self, packets: usize, payload: &Payload) {
        self.metrics().add_part(Family::OutputFrames, POLLING, packets as u64);
        self.metrics().add_part(Family::OutputBytes, POLLING, payload.body.len() as u64);
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

    /// Whether the session takes further messages: a POST is not answered before. One that waits for room is answered: its client may fetch
    /// what waits only then.
    pub(in crate::engine::transport) fn is_ready(&self) -> bool {
        let state = lock(&self.state);
        state.paused & !(Pause::Outbox as u8) == 0 || state.close.is_some()
    }

    /// A closed polling session whose last words nobody fetched in time.
    pub(in crate::engine::transport) fn part(&self) {
        let mut state = lock(&self.state);
        if state.close.is_some() && matches!(state.link, Link::Polling { .. }) {
            state.link = Link::Gone;
            state.outbox.clear();
            state.outbox.note(self.metrics());
            drop(state);
            self.wake.notify_waiters();
            self.transport.forget(&self.id);
        }
    }
}
