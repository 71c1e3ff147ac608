//! Events on their way out of memory, to the program's store.

use std::sync::Arc;

use super::{publication::Publication, room::Room};
use crate::engine::{
    core::Core,
    host::{Answer, Call, Hooks},
};

/// Rooms that are handed over at a time when the server stops: a store that is slow takes its time for all of them at once.
const ROOMS_AT_ONCE: usize = 64;

/// Hands a batch to `onCleanup`. It stays readable until that settled.
pub fn start_cleanup(core: &Arc<Core>, room: &Arc<Room>, name: &Arc<str>, events: Vec<Arc<Publication>>) {
    let (owner, settled_room, kind) = (Arc::downgrade(core), room.clone(), name.clone());
    let epoch = room.state().origin.epoch.clone();
    let ticket = core.tickets.issue(move |_: Answer| {
        let Some(core) = owner.upgrade() else { return };
        // A room that began anew meanwhile has others to hand over.
        let is_same = settled_room.state().origin.epoch == epoch;
        if is_same {
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
    for ticket in waiting {
        if !core.tickets.answer(ticket, Answer::Turn) {
            // It was given up while it waited.
            room.state().log.end_load(name);
        }
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
/// caller sets the deadline, behind which [`forget_all`] has the rest begin anew.
pub async fn hand_over_all(core: &Arc<Core>) {
    let mut rooms = core.rooms.all().into_iter();
    let mut under_way: Vec<Arc<Room>> = Vec::new();
    loop {
        let mut settled = std::pin::pin!(core.cleaned.notified());
        settled.as_mut().enable();
        under_way.extend(rooms.by_ref().take(ROOMS_AT_ONCE - under_way.len()));
        under_way.retain(|room| {
            hand_over(core, room);
            let is_done = room.state().log.is_empty();
            if is_done {
                begin_anew(core, room);
            }
            !is_done
        });
        if under_way.len() < ROOMS_AT_ONCE && !rooms.as_slice().is_empty() {
            continue;
        }
        if under_way.is_empty() {
            return;
        }
        settled.await;
    }
}

/// Has every room begin anew, whatever it still remembers.
pub fn forget_all(core: &Core) {
    core.rooms.all().iter().for_each(|room| begin_anew(core, room));
}

fn begin_anew(core: &Core, room: &Room) {
    let waiting = room.state().reset();
    for ticket in waiting {
        core.tickets.answer(ticket, Answer::Turn);
    }
}
