//! The place of an event in its room.

use std::sync::Arc;

use super::{cleanup::start_cleanup, publication::Publication, room::Room};
use crate::engine::{clock::unix_millis, core::Core, error::Refusal, event::Draft, host::Hooks};

/// Gives an accepted event its offset and its time, and stores it where its kind has history.
pub fn sequence(core: &Arc<Core>, room: &Arc<Room>, draft: &Draft) -> Result<Arc<Publication>, Refusal> {
    let mut state = room.state();
    if state.deleted {
        return Err(Refusal::room_not_found(room.id()));
    }
    state.offset += 1;
    let timestamp = draft.timestamp.unwrap_or_else(unix_millis);
    let publication = Arc::new(Publication::new(state.origin.clone(), draft, timestamp, state.offset));
    let limit = state.history_limit(&draft.name);
    if limit > 0 {
        let keep_evicted = core.hooks.any(Hooks::CLEANUP);
        state.log.append(publication.clone(), limit, core.limits().history_bytes, keep_evicted);
        let batch = state.log.next_cleanup(&draft.name);
        drop(state);
        if let Some(events) = batch {
            start_cleanup(core, room, &publication.name, events);
        }
    }
    Ok(publication)
}
