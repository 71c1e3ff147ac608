//! Reading what was said: memory first, and behind it what the program stored.

use std::sync::Arc;

use super::{
    cleanup::continue_cleanup,
    log,
    publication::Publication,
    room::{Position, Room},
};
use crate::engine::{
    config::Sync,
    core::Core,
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
    let request =
        Request { room: room.clone(), name: name.clone(), epoch: state.origin.epoch.clone(), start, end };
    let mut done = Some(done);
    let begun = state.log.begin_load(name, core.limits().hook_queue, || {
        let (owner, waiting, done) = (Arc::downgrade(core), request.clone(), done.take());
        let ticket = core.tickets.issue(move |answer| match (answer, owner.upgrade(), done) {
            (Answer::Turn, Some(core), Some(done)) => go_on(&core, waiting, done),
            (_, _, Some(done)) => done(None),
            (_, _, None) => {}
        });
        core.expect(ticket);
        ticket
    });
    drop(state);
    match (begun, done) {
        (log::Load::Begins, Some(done)) => ask(core, request, done),
        (log::Load::Refused, Some(done)) => done(None),
        _ => {}
    }
}

/// A page that is being loaded.
#[derive(Clone)]
struct Request {
    room: Arc<Room>,
    name: Arc<str>,
    /// A room that began anew since has another memory.
    epoch: Arc<str>,
    start: usize,
    end: usize,
}

type Done = Box<dyn FnOnce(Page) + Send>;

/// It is the turn of one that waited: it counts as begun.
fn go_on(core: &Arc<Core>, request: Request, done: Done) {
    let Request { room, name, epoch, start, end } = &request;
    let page = {
        let state = room.state();
        if state.origin.epoch != *epoch {
            drop(state);
            return load(core, room, name, *start, *end, done);
        }
        // Memory may hold all of it by now.
        (*end <= state.log.count(name)).then(|| state.log.page(name, *start, *end))
    };
    match page {
        Some(page) => {
            over(core, &request);
            done(Some(bodies(&page)));
        }
        None => ask(core, request, done),
    }
}

/// Asks the host for what memory does not hold.
fn ask(core: &Arc<Core>, request: Request, done: Done) {
    let Request { room, name, start, end, .. } = &request;
    let (start, end) = (*start, *end);
    let (held, page) = {
        let state = room.state();
        (state.log.count(name), state.log.page(name, start, end))
    };
    let page = bodies(&page);
    let wanted = (room.id().clone(), name.clone());
    let owner = Arc::downgrade(core);
    let ticket = core.tickets.issue(move |answer| {
        match owner.upgrade() {
            Some(core) => over(&core, &request),
            None => request.end(),
        }
        done(match answer {
            Answer::Loaded(older) => {
                let room_left = (end - start).saturating_sub(page.len());
                Some(page.into_iter().chain(older.into_iter().take(room_left)).collect())
            }
            Answer::Cleaned | Answer::Turn | Answer::Failed => None,
        });
    });
    core.expect(ticket);
    let (room, name) = wanted;
    let load = Load { ticket, room, name, start: start.max(held) - held, end: end.saturating_sub(held) };
    if !core.ask(Call::Load(load)) {
        core.tickets.answer(ticket, Answer::Failed);
    }
}

/// A load is over; a cleanup may have waited for it.
fn over(core: &Arc<Core>, request: &Request) {
    request.end();
    continue_cleanup(core, &request.room, &request.name);
}

impl Request {
    fn end(&self) {
        let mut state = self.room.state();
        if state.origin.epoch == self.epoch {
            state.log.end_load(&self.name);
        }
    }
}

/// All kinds, merged by time, newest first, from memory.
pub fn newest(room: &Room, start: usize, end: usize) -> Vec<Payload> {
    let events = room.state().log.merged(usize::MAX, start, end);
    bodies(&events)
}

/// What one who joined at this position is sent: nothing that was said later, which it hears as it is said.
pub fn recent(core: &Core, room: &Room, sync: Sync, at: &Position) -> Vec<Payload> {
    let page = usize::try_from(core.limits().history_page).unwrap_or(usize::MAX);
    let per_kind = match sync {
        Sync::Nothing => return Vec::new(),
        Sync::All => usize::MAX,
        Sync::Newest(count) => count,
    };
    let mut events = {
        let state = room.state();
        if state.origin.epoch != at.epoch {
            return Vec::new();
        }
        state.log.merged(per_kind, 0, page)
    };
    events.retain(|event| event.offset <= at.offset);
    bodies(&events)
}

fn bodies(events: &[Arc<Publication>]) -> Vec<Payload> {
    events.iter().map(|event| event.body.clone()).collect()
}
