//! Events on their way out of memory, to the program's store.

use std::sync::Arc;

use super::room::Room;
use crate::engine::{
    core::Core,
    event::Event,
    host::{Answer, Call, Hooks},
};

/// Hands a batch to `onCleanup`. It stays readable until that settled.
pub fn start_cleanup(core: &Arc<Core>, room: &Arc<Room>, name: &Arc<str>, events: Vec<Arc<Event>>) {
    let (owner, settled_room, kind) = (Arc::downgrade(core), room.clone(), name.clone());
    let ticket = core.tickets.issue(move |_: Answer| {
        if let Some(core) = owner.upgrade() {
            settled(&core, &settled_room, &kind);
        }
    });
    core.tell(Call::Cleanup { ticket, room: room.id().clone(), name: name.clone(), events });
}

/// Starts the next batch of a kind, if it is its turn.
pub fn continue_cleanup(core: &Arc<Core>, room: &Arc<Room>, name: &Arc<str>) {
    let batch = room.state().log.next_cleanup(name);
    if let Some(events) = batch {
        start_cleanup(core, room, name, events);
    }
}

fn settled(core: &Arc<Core>, room: &Arc<Room>, name: &Arc<str>) {
    let waiting = room.state().log.cleaned(name);
    for turn in waiting {
        turn();
    }
    continue_cleanup(core, room, name);
    say_farewell(core, room);
    core.cleaned.notify_waiters();
}

/// Evicts everything a room remembers and hands it over.
pub fn hand_over(core: &Arc<Core>, room: &Arc<Room>) {
    let kinds = room.state().log.evict_all(core.hooks.any(Hooks::CLEANUP));
    for name in &kinds {
        continue_cleanup(core, room, name);
    }
}

/// Tells the end of a deleted room, once nothing of its history is left.
pub fn say_farewell(core: &Core, room: &Room) {
    let mut state = room.state();
    if state.deleted && !state.farewell && state.log.is_empty() {
        state.farewell = true;
        drop(state);
        core.tell(Call::RoomDeleted(room.id().clone(), room.key()));
    }
}

/// Hands over what all rooms remember, waits until it is settled, and has every room begin anew. Ends only then: the
/// caller sets the deadline.
pub async fn hand_over_all(core: &Arc<Core>) {
    for room in core.rooms.all() {
        loop {
            let mut settled = std::pin::pin!(core.cleaned.notified());
            settled.as_mut().enable();
            hand_over(core, &room);
            {
                let mut state = room.state();
                if state.log.is_empty() {
                    state.reset();
                    break;
                }
            }
            settled.await;
        }
    }
}
