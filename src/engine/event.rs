//! What is said in a room, before it has a place there: behind that it is a [`Publication`](super::rooms::Publication).

use std::sync::Arc;

use super::payload::{Composer, Payload};

/// What a sender says, before it has a place in the room.
#[derive(Debug)]
pub struct Draft {
    /// The event's name.
    pub name: Arc<str>,
    /// User id of the sender, or `"system"`.
    pub from: Arc<str>,
    /// The payload; absent when the sender gave none.
    pub data: Option<Payload>,
    /// Beside the payload; an object.
    pub meta: Option<Payload>,
    /// When it was said, where a hook was told already; otherwise the time of acceptance.
    pub timestamp: Option<u64>,
}

impl Draft {
    /// The `EventMessage` as JSON; without an offset while it has no place.
    pub fn message(&self, room: &str, timestamp: u64, offset: Option<u64>) -> Payload {
        let size = |part: &Option<Payload>| part.as_ref().map_or(0, |part| part.text().len());
        let mut body =
            Composer::with_capacity(120 + room.len() + self.name.len() + size(&self.data) + size(&self.meta));
        body.raw(r#"{"event":"#).json(&*self.name).raw(r#","roomId":"#).json(room);
        if let Some(data) = &self.data {
            body.raw(r#","data":"#).payload(data);
        }
        body.raw(r#","from":"#).json(&*self.from).raw(r#","timestamp":"#).json(&timestamp);
        if let Some(meta) = &self.meta {
            body.raw(r#","meta":"#).payload(meta);
        }
        if let Some(offset) = offset {
            body.raw(r#","offset":"#).json(&offset);
        }
        body.raw("}");
        body.finish()
    }
}
