//! Reading what was said: memory first, and behind it what the program stored.

use std::sync::Arc;

use super::{cleanup::continue_cleanup, log::Turn, room::Room};
use crate::engine::{
    config::Sync,
    core::Core,
    event::Event,
    host::{Answer, Call, Hooks, Load},
    payload::Payload,
};

/// `EventMessage`s, newest first; `None`: `onLoad` failed.
pub type Page = Option<Vec<Payload>>;

/// Reads one kind: `start` 0 is the newest, `end` exclusive. `done` is called once, now or when `onLoad` has answered.
///
/// A kind without history is empty, and `onLoad` is not asked: names come from clients.
pub fn load(
    core: &Arc<Core>,
    room: &Arc<Room>,
    name: &Arc<str>,
    start: usize,
    end: usize,
    done: Box<dyn FnOnce(Page) + Send>,
) {
    let mut state = room.state();
    if state.history_limit(name) == 0 || state.deleted || start >= end {
        drop(state);
        return done(Some(Vec::new()));
    }
    let held = state.log.count(name);
    if end <= held || !core.hooks.any(Hooks::LOAD) {
        let page = state.log.page(name, start, end);
        drop(state);
        return done(Some(bodies(&page)));
    }
    let mut done = Some(done);
    let begun = state.log.begin_load(name, || {
        let (owner, room, name, done) = (Arc::downgrade(core), room.clone(), name.clone(), done.take());
        let turn: Turn = Box::new(move || match (owner.upgrade(), done) {
            (Some(core), Some(done)) => load(&core, &room, &name, start, end, done),
            (None, Some(done)) => done(None),
            (_, None) => {}
        });
        turn
    });
    let page = state.log.page(name, start, end);
    drop(state);
    let page = bodies(&page);
    let (true, Some(done)) = (begun, done) else { return };
    let (owner, loaded_room, kind) = (Arc::downgrade(core), room.clone(), name.clone());
    let ticket = core.tickets.issue(move |answer| {
        loaded_room.state().log.end_load(&kind);
        if let Some(core) = owner.upgrade() {
            continue_cleanup(&core, &loaded_room, &kind);
        }
        done(match answer {
            Answer::Loaded(older) => {
                let room_left = (end - start).saturating_sub(page.len());
                Some(page.into_iter().chain(older.into_iter().take(room_left)).collect())
            }
            Answer::Cleaned | Answer::Failed => None,
        });
    });
    core.expect(ticket);
    let asked = core.ask(Call::Load(Load {
        ticket,
        room: room.id().clone(),
        name: name.clone(),
        start: start.max(held) - held,
        end: end - held,
    }));
    if !asked {
        core.tickets.answer(ticket, Answer::Failed);
    }
}

/// All kinds, merged by time, newest first, from memory.
pub fn newest(room: &Room, start: usize, end: usize) -> Vec<Payload> {
    let events = room.state().log.merged(usize::MAX, start, end);
    bodies(&events)
}

/// What one who joins is sent.
pub fn recent(core: &Core, room: &Room, sync: Sync) -> Vec<Payload> {
    let page = usize::try_from(core.limits().history_page).unwrap_or(usize::MAX);
    let per_kind = match sync {
        Sync::Nothing => return Vec::new(),
        Sync::All => usize::MAX,
        Sync::Newest(count) => count,
    };
    let events = room.state().log.merged(per_kind, 0, page);
    bodies(&events)
}

fn bodies(events: &[Arc<Event>]) -> Vec<Payload> {
    events.iter().map(|event| event.body.clone()).collect()
}
