//! Fan-out.

use super::room::{EVENT, Position, Room};
use crate::engine::{event::Event, socketio::packet};

/// Puts an event into the outbox of every subscriber, encoded once; returns how many those are.
///
/// It knows the room, the position and the event, not who said it: another node will call it with the same.
pub fn deliver(room: &Room, position: &Position, event: &Event) -> usize {
    debug_assert_eq!(position.offset, event.offset, "an event is delivered at its own place");
    let targets = room.state().targets(&event.name);
    if let Some(first) = targets.first() {
        let frames = packet::event_with(first.nsp(), EVENT, &event.body);
        for socket in &*targets {
            socket.send(&frames);
        }
    }
    targets.len()
}
