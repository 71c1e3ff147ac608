//! An accepted event at its place in its room.

use std::sync::Arc;

use super::room::Position;
use crate::engine::{event::Draft, payload::Payload};

/// Which room, in which of its lives, something was said in: one for all publications of that life.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// The room's key, never used again.
    pub key: u64,
    /// The room's id.
    pub room: Arc<str>,
    /// Random per life of the room: an offset means something only together with it.
    pub epoch: Arc<str>,
}

/// An accepted event. It never changes, and is held once, however many clients, histories and hooks refer to it.
#[derive(Debug)]
pub struct Publication {
    /// Where it was said.
    pub origin: Arc<Origin>,
    /// The event's name.
    pub name: Arc<str>,
    /// Wall-clock time of acceptance, in Unix milliseconds.
    pub timestamp: u64,
    /// Place in the room, from 1; grows by one with every accepted event of whatever kind.
    pub offset: u64,
    /// The `EventMessage` as JSON: `{ event, roomId, data?, from, timestamp, meta?, offset }`.
    pub body: Payload,
}

impl Publication {
    /// Gives a draft its place. The envelope is the server's: nothing of it comes from the payload.
    pub fn new(origin: Arc<Origin>, draft: &Draft, timestamp: u64, offset: u64) -> Self {
        let body = draft.message(&origin.room, timestamp, Some(offset));
        Self { origin, name: draft.name.clone(), timestamp, offset, body }
    }

    /// Bytes it holds: text and attachments.
    pub fn size(&self) -> usize {
        self.body.size()
    }

    /// Its place.
    pub fn position(&self) -> Position {
        Position { offset: self.offset, epoch: self.origin.epoch.clone() }
    }
}
