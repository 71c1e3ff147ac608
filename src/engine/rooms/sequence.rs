//! The place of an event in its room.

use std::sync::Arc;

use super::{
    cleanup::start_cleanup,
    room::{Position, Room},
};
use crate::engine::{
    clock::unix_millis,
    core::Core,
    error::Refusal,
    event::{Draft, Event},
    host::Hooks,
};

/// Gives an accepted event its offset and its time, and stores it where its kind has history.
pub fn sequence(
    core: &Arc<Core>,
    room: &Arc<Room>,
    draft: &Draft,
) -> Result<(Position, Arc<Event>), Refusal> {
    let mut state = room.state();
    if state.deleted {
        return Err(Refusal::room_not_found(room.id()));
    }
    state.offset += 1;
    let timestamp = draft.timestamp.unwrap_or_else(unix_millis);
    let position = Position { offset: state.offset, epoch: state.epoch.clone() };
    let event = Arc::new(Event::new(room.id().clone(), draft, timestamp, position.offset));
    let limit = state.history_limit(&draft.name);
    if limit > 0 {
        let keep_evicted = core.hooks.any(Hooks::CLEANUP);
        state.log.append(event.clone(), limit, core.limits().history_bytes, keep_evicted);
        let batch = state.log.next_cleanup(&draft.name);
        drop(state);
        if let Some(events) = batch {
            start_cleanup(core, room, &event.name, events);
        }
    }
    Ok((position, event))
}
