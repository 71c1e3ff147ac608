//! What becomes of listed rooms, told to everyone: at most one frame a second for each client, and one encoding for all.
//!
//! A change is noted under a short lock, by the thread that makes it; a task of the engine's sends. The first change behind a quiet second
//! leaves at once, what follows within the second is joined. A client that asked for batches ([`BATCHES`](crate::engine::protocol::BATCHES))
//! gets it in one frame. Any other knows only events of one room each: it gets one of them a second, and of each room only what it has
//! become since; a room that was made and deleted before anybody could hear of it is not told of. Members of a room hear of its changes at
//! once, and no second time.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, RwLock, RwLockReadGuard},
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
    lock::{lock, read, write},
    payload::{Payload, to_json},
    protocol::outgoing,
};

/// From one announcement to the next.
const PACE: Duration = Duration::from_secs(1);
/// What a program does in one go is one announcement.
const TOGETHER: Duration = Duration::from_millis(2);
/// Changes in one frame. If more wait, of each room only what it has become is told.
const MOST: usize = 1_000;
/// Changes that are looked at together, however many wait.
const FLOOD: usize = 50_000;
/// Bytes around one change in a frame of several.
const SURROUNDINGS: usize = 32;

/// Changes that were not told yet.
#[derive(Debug, Default)]
pub struct Announcements {
    /// A std mutex: held to note one change, or to take those that are told next.
    noted: Mutex<Noted>,
    first: Notify,
    /// Read while a list of rooms is made and sent. Written before what was taken is told: it comes behind the lists that do not show it.
    listing: RwLock<()>,
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
    /// Those who know it already: they were in the room, or asked for it.
    known_to: Arc<HashSet<Id>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Created,
    Updated,
    Deleted,
}

impl Announcements {
    /// A list of rooms is being made, until what this returns is dropped.
    pub fn listing(&self) -> RwLockReadGuard<'_, ()> {
        read(&self.listing)
    }

    /// Rooms are read for a list, while none is made or deleted: its reader knows of rooms that were not announced yet.
    pub(super) fn note_list(&self) {
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

    /// Those who asked for a room are owed its end where it will not be announced: a note of each kind of clients says who.
    fn note(&self, change: &Change) -> [Owed; 2] {
        let mut noted = lock(&self.noted);
        let Noted { batched, single, next, listed } = &mut *noted;
        let is_net = batched.changes.len() >= MOST;
        let owed = [batched.note(*next, change, is_net, *listed), single.note(*next, change, true, *listed)];
        *next += 1;
        drop(noted);
        self.first.notify_one();
        owed
    }

    fn is_empty(&self) -> bool {
        let noted = lock(&self.noted);
        noted.batched.changes.is_empty() && noted.single.changes.is_empty()
    }
}

/// Those who know of a room that will not be announced.
type Owed = Option<Arc<HashSet<Id>>>;

impl Audience {
    /// `is_net`: what was noted of the room before, and is overtaken by this, is not told. `listed`: changes with smaller numbers may be known.
    fn note(&mut self, number: u64, change: &Change, is_net: bool, listed: u64) -> Owed {
        let key = change.room.key();
        let before = self.of_room.get(&key).copied().filter(|_| is_net);
        let overtaken = before.and_then(|before| Some((before, self.changes.remove(&before)?)));
        let mut change = change.clone();
        if let Some((before, Change { kind: Kind::Created, known_to, .. })) = overtaken {
            if change.kind == Kind::Deleted && before >= listed {
                // Nobody else heard of it, and nobody is to.
                self.of_room.remove(&key);
                return Some(known_to);
            }
            if change.kind == Kind::Updated {
                // What it is like is read when it is told. Its members heard of the update alone.
                change = Change { kind: Kind::Created, known_to: Arc::default(), ..change };
            }
        }
        self.of_room.insert(key, number);
        self.changes.insert(number, change);
        None
    }

    /// How many are told at a time if that is usually so many: more, if so much waits that it would grow without end.
    fn pace(&self, usually: usize) -> usize {
        usually.max(self.changes.len().saturating_sub(MOST)).min(FLOOD)
    }

    /// Puts back what was taken and is not told yet.
    fn restore(&mut self, rest: Vec<(u64, Change)>) {
        for (number, change) in rest {
            self.of_room.entry(change.room.key()).or_insert(number);
            self.changes.insert(number, change);
        }
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

/// A listed room was made. `by`: who asked for it hears of it at once.
pub(super) fn created(core: &Core, room: &Arc<Room>, by: Option<&Arc<Client>>) {
    let known_to = Arc::new(by.iter().map(|client| client.id()).collect());
    let change = Change { kind: Kind::Created, room: room.clone(), known_to };
    send(core, by, &change.event());
    core.rooms.announcements().note(&change);
}

/// A room was changed: its members hear of it at once, all others if it is listed.
pub(super) fn updated(core: &Core, room: &Arc<Room>, listed: bool) {
    let members: Vec<_> = room.state().members.values().map(|member| member.client.clone()).collect();
    tell_members(core, Kind::Updated, room, listed, &members);
}

/// A room was deleted, and these were in it or asked for that: they hear of it at once, all others if it is listed.
pub(super) fn deleted(core: &Core, room: &Arc<Room>, listed: bool, members: &[Arc<Client>]) {
    tell_members(core, Kind::Deleted, room, listed, members);
}

fn tell_members(core: &Core, kind: Kind, room: &Arc<Room>, listed: bool, members: &[Arc<Client>]) {
    let known_to: HashSet<Id> = members.iter().map(|member| member.id()).collect();
    let change = Change { kind, room: room.clone(), known_to: Arc::new(known_to) };
    send(core, members, &change.event());
    if !listed {
        return;
    }
    let owed = core.rooms.announcements().note(&change);
    for (knowing, batched) in owed.into_iter().zip([true, false]) {
        for id in knowing.iter().flat_map(|knowing| knowing.iter()).filter(|id| !change.known_to.contains(id))
        {
            let client = core.clients.get(id).filter(|client| client.takes_batches() == batched);
            send(core, &client, &change.event());
        }
    }
}

fn send<'a>(core: &Core, to: impl IntoIterator<Item = &'a Arc<Client>>, (name, text): &(&str, String)) {
    let to: Vec<_> = to.into_iter().collect();
    core.broker.tell(&to, name, &Payload::plain(text.clone()));
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
    let announcements = core.rooms.announcements();
    let (mut batch, mut single) = {
        let Noted { batched, single, .. } = &mut *lock(&announcements.noted);
        (batched.take(batched.pace(MOST)), single.take(single.pace(1)))
    };
    let mut fits = usize::try_from(core.limits().send_buffer / 4).unwrap_or(usize::MAX);
    // A frame that is larger than what may wait would close clients that read.
    let fitting = batch.iter().position(|(_, change)| {
        let taken = change.event().1.len() + SURROUNDINGS;
        let over = taken > fits;
        fits = fits.saturating_sub(taken);
        over
    });
    if let Some(fitting) = fitting {
        lock(&announcements.noted).batched.restore(batch.split_off(fitting.max(1)));
    }
    for changes in [&mut batch, &mut single] {
        // One that is not listed any more is nothing to others.
        changes.retain(|(_, change)| change.kind == Kind::Deleted || change.room.is_listed());
        for (_, change) in changes.iter_mut().filter(|(_, change)| change.kind == Kind::Deleted) {
            // Of those in a room of the same id that was made since, it would end their membership there.
            if let Some(next) = core.rooms.get(change.room.id()) {
                Arc::make_mut(&mut change.known_to).extend(next.state().members.keys());
            }
        }
    }
    // Lists that were begun before are sent by then.
    drop(write(&announcements.listing));
    let clients = core.clients.all();
    let (takers, others): (Vec<_>, Vec<_>) = clients.iter().partition(|client| client.takes_batches());
    tell_these(core, &takers, &batch);
    for change in single {
        tell_these(core, &others, &[change]);
    }
    if others.is_empty() {
        // One that comes later is not told of what was before.
        lock(&announcements.noted).single = Audience::default();
    }
}

/// Tells changes to clients: in one encoding to all that knew nothing of them, and were there before.
fn tell_these(core: &Core, clients: &[&Arc<Client>], changes: &[(u64, Change)]) {
    let Some((first, _)) = changes.first() else { return };
    let knowing: HashSet<&Id> = changes.iter().flat_map(|(_, change)| change.known_to.iter()).collect();
    let is_told = |client: &Client, (number, change): &(u64, Change)| {
        *number >= client.since() && !change.known_to.contains(&client.id())
    };
    let (all, some): (Vec<_>, Vec<_>) =
        clients.iter().partition(|client| client.since() <= *first && !knowing.contains(&client.id()));
    if let Some(event) = event_of(changes.iter().map(|(_, change)| change)) {
        send(core, all.into_iter().copied(), &event);
    }
    for client in some {
        let told = changes.iter().filter(|change| is_told(client, change)).map(|(_, change)| change);
        if let Some(event) = event_of(told) {
            send(core, [*client], &event);
        }
    }
}

#[cfg(test)]
mod tests;
