//! What becomes of listed rooms, told to everyone: at most one frame a second for each client, and one encoding for all.
//!
//! A change is noted under a short lock, by the thread that makes it; a task of the engine's sends. The first change behind a quiet second
//! leaves at once, what follows within the second is joined. A client that asked for batches ([`BATCHES`](crate::engine::protocol::BATCHES))
//! gets it in one frame. Any other knows only events of one room each: it gets one of them a second, and of each room only what it has
//! become since; a room that was made and deleted before anybody could hear of it is not told of. Members of a room hear of its changes at
//! once, and no second time.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

use super::room::Room;
use crate::engine::{
    client::Client,
    core::Core,
    ids::Id,
    lock::lock,
    payload::{Payload, to_json},
    protocol::outgoing,
    socketio::packet,
};

/// From one announcement to the next.
const PACE: Duration = Duration::from_secs(1);
/// What a program does in one go is one announcement.
const TOGETHER: Duration = Duration::from_millis(2);
/// Changes in one frame. If more wait, of each room only what it has become is told.
const MOST: usize = 1_000;

/// Changes that were not told yet.
#[derive(Debug, Default)]
pub struct Announcements {
    /// A std mutex: held to note one change, or to take those that are told next.
    noted: Mutex<Noted>,
    first: Notify,
}

#[derive(Debug, Default)]
struct Noted {
    /// For clients that take batches.
    batched: Audience,
    /// For the others.
    single: Audience,
    /// Number of the next change.
    next: u64,
    /// Changes with smaller numbers may be known from a list.
    listed: u64,
}

/// What one kind of clients was not told yet.
#[derive(Debug, Default)]
struct Audience {
    /// By number: the order in which they are told.
    changes: BTreeMap<u64, Change>,
    /// The latest of each room, by its key.
    of_room: HashMap<u64, u64>,
}

/// What became of a room.
#[derive(Clone, Debug)]
struct Change {
    kind: Kind,
    room: Arc<Room>,
    /// Those who know it already, since they were in the room.
    known_to: Arc<HashSet<Id>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Created,
    Updated,
    Deleted,
}

impl Announcements {
    /// A list of rooms is about to be made: its reader knows of rooms that were not announced yet.
    pub fn note_list(&self) {
        let mut noted = lock(&self.noted);
        noted.listed = noted.next;
    }

    /// A client came: it is not told of what was before.
    pub fn now(&self) -> u64 {
        lock(&self.noted).next
    }

    /// A server starts: nobody is there to be told of what was before.
    pub fn clear(&self) {
        let mut noted = lock(&self.noted);
        (noted.batched, noted.single) = Default::default();
    }

    fn note(&self, change: &Change) {
        let mut noted = lock(&self.noted);
        let Noted { batched, single, next, listed } = &mut *noted;
        let is_net = batched.changes.len() >= MOST;
        batched.note(*next, change, is_net, *listed);
        single.note(*next, change, true, *listed);
        *next += 1;
        drop(noted);
        self.first.notify_one();
    }

    fn is_empty(&self) -> bool {
        let noted = lock(&self.noted);
        noted.batched.changes.is_empty() && noted.single.changes.is_empty()
    }
}

impl Audience {
    /// `is_net`: what was noted of the room before, and is overtaken by this, is not told. `listed`: changes with smaller numbers may be known.
    fn note(&mut self, number: u64, change: &Change, is_net: bool, listed: u64) {
        let key = change.room.key();
        let before = self.of_room.get(&key).copied().filter(|_| is_net);
        let overtaken = before.and_then(|before| Some((before, self.changes.remove(&before)?.kind)));
        let mut change = change.clone();
        if let Some((before, Kind::Created)) = overtaken {
            if change.kind == Kind::Deleted && before >= listed {
                // Nobody heard of it, and nobody is to.
                self.of_room.remove(&key);
                return;
            }
            if change.kind == Kind::Updated {
                // What it is like is read when it is told. Its members heard of the update alone.
                change = Change { kind: Kind::Created, known_to: Arc::default(), ..change };
            }
        }
        self.of_room.insert(key, number);
        self.changes.insert(number, change);
    }

    fn take(&mut self, most: usize) -> Vec<(u64, Change)> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some((number, change)) = self.changes.pop_first()
        {
            if self.of_room.get(&change.room.key()) == Some(&number) {
                self.of_room.remove(&change.room.key());
            }
            taken.push((number, change));
        }
        if self.changes.is_empty() {
            // A burst leaves no places behind.
            self.of_room = HashMap::new();
        }
        taken
    }
}

impl Change {
    /// The event of this change alone.
    fn event(&self) -> (&'static str, String) {
        match self.kind {
            Kind::Created => (outgoing::ROOM_CREATED, self.room.summary()),
            Kind::Updated => (outgoing::ROOM_UPDATED, self.room.summary()),
            Kind::Deleted => {
                (outgoing::ROOM_DELETED, format!(r#"{{"roomId":{}}}"#, to_json(&**self.room.id())))
            }
        }
    }
}

/// `{ changes: [[name, payload], …] }`, in order; for a single one its own event.
fn event_of<'a>(changes: impl Iterator<Item = &'a Change>) -> Option<(&'static str, String)> {
    let mut changes = changes.peekable();
    let first = changes.next()?;
    if changes.peek().is_none() {
        return Some(first.event());
    }
    let mut text = String::from(r#"{"changes":["#);
    for change in std::iter::once(first).chain(changes) {
        let (name, payload) = change.event();
        if text.ends_with(']') {
            text.push(',');
        }
        text.push_str(&format!("[{},{payload}]", to_json(name)));
    }
    text.push_str("]}");
    Some((outgoing::ROOMS_CHANGED, text))
}

/// A listed room was made.
pub(super) fn created(core: &Core, room: &Arc<Room>) {
    let change = Change { kind: Kind::Created, room: room.clone(), known_to: Arc::default() };
    core.rooms.announcements().note(&change);
}

/// A room was changed: its members hear of it at once, all others if it is listed.
pub(super) fn updated(core: &Core, room: &Arc<Room>, listed: bool) {
    let members: Vec<_> = room.state().members.values().map(|member| member.client.clone()).collect();
    tell_members(core, Kind::Updated, room, listed, &members);
}

/// A room was deleted, and these were in it: they hear of it at once, all others if it is listed.
pub(super) fn deleted(core: &Core, room: &Arc<Room>, listed: bool, members: &[Arc<Client>]) {
    tell_members(core, Kind::Deleted, room, listed, members);
}

fn tell_members(core: &Core, kind: Kind, room: &Arc<Room>, listed: bool, members: &[Arc<Client>]) {
    let known_to: HashSet<Id> = members.iter().map(|member| member.id()).collect();
    let change = Change { kind, room: room.clone(), known_to: Arc::new(known_to) };
    send(members, &change.event());
    if listed {
        core.rooms.announcements().note(&change);
    }
}

fn send<'a>(to: impl IntoIterator<Item = &'a Arc<Client>>, (name, text): &(&str, String)) {
    let mut to = to.into_iter().peekable();
    let Some(first) = to.peek() else { return };
    let frames = packet::event_with(first.socket().nsp(), name, &Payload::plain(text.clone()));
    for client in to {
        client.socket().send(&frames);
    }
}

/// Tells what was noted, for as long as the server runs.
pub async fn announce(core: &Core) {
    let announcements = core.rooms.announcements();
    loop {
        announcements.first.notified().await;
        sleep(TOGETHER).await;
        while !announcements.is_empty() {
            let begun = Instant::now();
            tell(core);
            sleep_until(begun + PACE).await;
        }
    }
}

fn tell(core: &Core) {
    let (batch, single) = {
        let noted = &mut *lock(&core.rooms.announcements().noted);
        (noted.batched.take(MOST), noted.single.take(1))
    };
    let clients = core.clients.all();
    let (takers, others): (Vec<_>, Vec<_>) = clients.iter().partition(|client| client.takes_batches());
    tell_these(&takers, &batch);
    tell_these(&others, &single);
    if others.is_empty() {
        // One that comes later is not told of what was before.
        lock(&core.rooms.announcements().noted).single = Audience::default();
    }
}

/// Tells changes to clients: in one encoding to all that knew nothing of them, and were there before.
fn tell_these(clients: &[&Arc<Client>], changes: &[(u64, Change)]) {
    let Some((first, _)) = changes.first() else { return };
    let knowing: HashSet<&Id> = changes.iter().flat_map(|(_, change)| change.known_to.iter()).collect();
    let is_told = |client: &Client, (number, change): &(u64, Change)| {
        *number >= client.since() && !change.known_to.contains(&client.id())
    };
    let (all, some): (Vec<_>, Vec<_>) =
        clients.iter().partition(|client| client.since() <= *first && !knowing.contains(&client.id()));
    if let Some(event) = event_of(changes.iter().map(|(_, change)| change)) {
        send(all.into_iter().copied(), &event);
    }
    for client in some {
        let told = changes.iter().filter(|change| is_told(client, change)).map(|(_, change)| change);
        if let Some(event) = event_of(told) {
            send([*client], &event);
        }
    }
}

#[cfg(test)]
mod tests;
