//! Histories of rooms that the program put a client in: each is made when there is room to send it, so that any number of joins closes nobody.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use super::join::history;
use crate::engine::{
    client::Client,
    core::Core,
    lock::lock,
    protocol::outgoing,
    rooms::{Joined, Room},
};

/// What one client is still to be sent.
#[derive(Debug, Default)]
pub struct Histories {
    /// A std mutex: held to put one in or to take one out.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By the keys of their rooms; each room once.
    waiting: VecDeque<(u64, Joined)>,
    /// A task sends what waits.
    sending: bool,
}

impl Histories {
    /// Puts one in. `true`: the caller starts to send what waits.
    fn put(&self, core: &Core, client: &Client, room: &Room, joined: Joined) -> bool {
        let mut state = lock(&self.state);
        state.waiting.retain(|(key, _)| *key != room.key());
        if state.waiting.len() as u64 >= core.limits().joins {
            // It is in fewer rooms than that: the others are over.
            let is_in = |key: u64| core.rooms.by_key(key).is_some_and(|room| client.is_in(&room));
            state.waiting.retain(|(key, _)| is_in(*key));
        }
        state.waiting.push_back((room.key(), joined));
        !std::mem::replace(&mut state.sending, true)
    }

    fn next(&self) -> Option<(u64, Joined)> {
        let mut state = lock(&self.state);
        let next = state.waiting.pop_front();
        if next.is_none() {
            *state = State::default();
        }
        next
    }
}

/// Sends what the room remembers, unless that is nothing: now if there is room for it and nothing waits in front of it.
pub fn send(core: &Arc<Core>, room: &Arc<Room>, client: &Arc<Client>, joined: &Joined) {
    let waits = client.histories().get().is_some_and(|histories| lock(&histories.state).sending);
    if !waits && !client.socket().session().lacks_room() {
        return send_now(core, room, client, joined);
    }
    if !joined.has_history() {
        return;
    }
    let histories = client.histories().get_or_init(Box::default);
    if histories.put(core, client, room, joined.clone()) {
        let (owner, client) = (Arc::downgrade(core), client.clone());
        // Ends with the session, or when nothing waits.
        client.socket().clone().spawn(async move {
            let session = client.socket().session().clone();
            loop {
                session.room().await;
                if !client.socket().is_connected() {
                    return;
                }
                if session.lacks_room() {
                    continue;
                }
                let Some(core) = owner.upgrade() else { return };
                let Some((key, joined)) = client.histories().get().and_then(|histories| histories.next())
                else {
                    return;
                };
                if let Some(room) = core.rooms.by_key(key).filter(|room| client.is_in(room)) {
                    send_now(&core, &room, &client, &joined);
                }
            }
        });
    }
}

fn send_now(core: &Core, room: &Room, client: &Client, joined: &Joined) {
    if let Some(history) = history(core, room, joined) {
        client.socket().reply_event(outgoing::HISTORY, &history);
    }
}
