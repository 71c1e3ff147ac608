//! All rooms: made, changed, deleted, and announced.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Arc, Mutex, RwLock},
};

use super::{
    announcements::{self, Announcements},
    backlog::Backlog,
    cleanup::{continue_cleanup, hand_over, say_farewell},
    log::RoomLog,
    membership::tell_left,
    room::Room,
};
use crate::engine::{
    client::Client,
    config::{RoomChanges, RoomConfig},
    core::Core,
    host::{Call, Hooks},
    lock::{lock, read, write},
};

/// The rooms that there are.
#[derive(Debug, Default)]
pub struct Registry {
    /// Read per command, written when a room is made or deleted.
    inner: RwLock<Inner>,
    /// Held while a room is made or deleted and that is noted, so that everyone sees announcements in the order of what they tell.
    announcing: Mutex<()>,
    /// What waits for `onCleanup`.
    backlog: Arc<Backlog>,
    announcements: Announcements,
}

#[derive(Debug, Default)]
struct Inner {
    by_id: HashMap<Arc<str>, Arc<Room>>,
    /// Keys grow: this is the order of creation.
    by_key: BTreeMap<u64, Arc<Room>>,
    /// Those of `by_key` that are listed.
    listed: BTreeMap<u64, Arc<Room>>,
    last_key: u64,
    /// Most there were at a time, of late.
    most: usize,
    /// Most there were at a time since `by_id` last shrank. Its own capacity tells less: it does not count where something was removed.
    widest: usize,
    /// How many rooms each user holds.
    held: HashMap<Arc<str>, usize>,
}

impl Registry {
    /// What is told to everyone of rooms.
    pub fn announcements(&self) -> &Announcements {
        &self.announcements
    }

    /// The room with this id.
    pub fn get(&self, id: &str) -> Option<Arc<Room>> {
        read(&self.inner).by_id.get(id).cloned()
    }

    /// The room with this key.
    pub fn by_key(&self, key: u64) -> Option<Arc<Room>> {
        read(&self.inner).by_key.get(&key).cloned()
    }

    /// All rooms, in order of creation.
    pub fn all(&self) -> Vec<Arc<Room>> {
        read(&self.inner).by_key.values().cloned().collect()
    }

    /// The listed rooms with larger keys than `after`, in order of creation, `most` at most.
    pub fn listed(&self, after: u64, most: usize) -> Vec<Arc<Room>> {
        let inner = read(&self.inner);
        let rest = inner.listed.range((Bound::Excluded(after), Bound::Unbounded));
        rest.take(most).map(|(_, room)| room.clone()).collect()
    }

    /// The same for a client, which knows of these rooms from then on.
    pub fn list_to_client(&self, after: u64, most: usize) -> Vec<Arc<Room>> {
        // None is made or deleted in between.
        let _announcing = lock(&self.announcing);
        self.announcements.note_list();
        self.listed(after, most)
    }

    /// A room that there is is listed from now on, or is not. Called under `announcing`.
    fn list(&self, room: &Arc<Room>, listed: bool) {
        let mut inner = write(&self.inner);
        if listed {
            inner.listed.insert(room.key(), room.clone());
        } else {
            inner.listed.remove(&room.key());
        }
    }

    /// How many there were at most since this was last asked, and how many there are.
    pub fn most_and_now(&self) -> (usize, usize) {
        let mut inner = write(&self.inner);
        let now = inner.by_id.len();
        (std::mem::replace(&mut inner.most, now), now)
    }

    /// How many rooms a user asked for that still exist.
    pub fn held_by(&self, user_id: &str) -> usize {
        read(&self.inner).held.get(user_id).copied().unwrap_or(0)
    }

    /// Adds a room, unless its id is taken, or a client asks for it that has used up an allowance.
    fn add(
        &self,
        id: &str,
        config: RoomConfig,
        created_by: Option<&Arc<str>>,
        allowance: Option<Allowance>,
    ) -> Result<Arc<Room>, NotCreated> {
        let mut inner = write(&self.inner);
        if inner.by_id.contains_key(id) {
            return Err(NotCreated::Taken);
        }
        if let (Some(user), Some(allowance)) = (created_by, allowance) {
            if inner.held.get(user).copied().unwrap_or(0) >= allowance.own {
                return Err(NotCreated::Allowance);
            }
            if inner.by_id.len() as u64 >= allowance.all {
                return Err(NotCreated::Full);
            }
        }
        let listed = config.is_listed();
        inner.last_key += 1;
        let log = RoomLog::new(self.backlog.clone());
        let room =
            Room::new(id.into(), inner.last_key, config, created_by.cloned(), allowance.is_some(), log);
        inner.by_id.insert(room.id().clone(), room.clone());
        inner.by_key.insert(room.key(), room.clone());
        if listed {
            inner.listed.insert(room.key(), room.clone());
        }
        inner.most = inner.most.max(inner.by_id.len());
        inner.widest = inner.widest.max(inner.by_id.len());
        if let Some(user) = room.holder() {
            *inner.held.entry(user.clone()).or_default() += 1;
        }
        Ok(room)
    }

    fn remove(&self, room: &Room) -> bool {
        let mut inner = write(&self.inner);
        if inner.by_key.remove(&room.key()).is_none() {
            return false;
        }
        inner.listed.remove(&room.key());
        inner.by_id.remove(room.id());
        if let Some(user) = room.holder()
            && let Some(held) = inner.held.get_mut(user)
        {
            *held -= 1;
            if *held == 0 {
                inner.held.remove(user);
            }
        }
        if inner.widest > 1_024 && inner.by_id.len() < inner.widest / 8 {
            inner.by_id.shrink_to_fit();
            inner.widest = inner.by_id.len();
        }
        true
    }
}

/// Why a room was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCreated {
    /// Its id is empty or too long.
    BadId,
    /// Its id is taken.
    Taken,
    /// Its creator holds as many as it may.
    Allowance,
    /// There are as many as clients may make.
    Full,
}

/// How many rooms there may be for a client to make one more.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Of its user.
    pub own: usize,
    /// In all, those of the program included.
    pub all: u64,
}

/// Makes a room, and announces it to everyone if it is listed. `allowance`: a client asks for it.
///
/// # Errors
/// [`NotCreated`].
pub fn create(
    core: &Core,
    id: &str,
    config: RoomConfig,
    created_by: Option<&Arc<str>>,
    allowance: Option<Allowance>,
) -> Result<Arc<Room>, NotCreated> {
    make(core, id, config, created_by, allowance, None)
}

/// Makes a room that a client asks for, which hears of it at once.
///
/// # Errors
/// [`NotCreated`].
pub fn create_for(
    core: &Core,
    id: &str,
    config: RoomConfig,
    client: &Arc<Client>,
    allowance: Allowance,
) -> Result<Arc<Room>, NotCreated> {
    make(core, id, config, Some(client.user_id()), Some(allowance), Some(client))
}

fn make(
    core: &Core,
    id: &str,
    config: RoomConfig,
    created_by: Option<&Arc<str>>,
    allowance: Option<Allowance>,
    by: Option<&Arc<Client>>,
) -> Result<Arc<Room>, NotCreated> {
    if id.is_empty() || id.len() as u64 > core.limits().id_length {
        return Err(NotCreated::BadId);
    }
    let _announcing = lock(&core.rooms.announcing);
    let room = core.rooms.add(id, config, created_by, allowance)?;
    if room.is_listed() {
        announcements::created(core, &room, by);
    }
    if core.hooks.any(Hooks::CREATED) {
        core.tell(Call::RoomCreated(room.clone()));
    }
    Ok(room)
}

/// Changes a room: what is present in `changes` replaces what was. Members above a new size stay, events above a new limit of history are
/// evicted. Everyone hears of it, of an unlisted one only its members. `false`: it is gone.
pub fn update(core: &Arc<Core>, room: &Arc<Room>, changes: RoomChanges) -> bool {
    let _announcing = lock(&core.rooms.announcing);
    let (listed, trimmed) = {
        let mut state = room.state();
        if state.deleted {
            return false;
        }
        let config = &mut state.config;
        if let Some(name) = changes.name {
            config.name = name;
        }
        if let Some(description) = changes.description {
            config.description = description;
        }
        if let Some(max_size) = changes.max_size {
            config.max_size = max_size;
        }
        let events_changed = changes.events.is_some();
        if let Some(events) = changes.events {
            config.events = events;
        }
        if let Some(subscriptions) = changes.default_subscriptions {
            config.default_subscriptions = subscriptions;
        }
        if let Some(sync) = changes.sync_history_on_join {
            config.sync_history_on_join = sync;
        }
        if let Some(listed) = changes.listed {
            config.listed = Some(listed);
        }
        let listed = config.is_listed();
        let keep_evicted = core.hooks.any(Hooks::CLEANUP);
        let trimmed = if events_changed { state.trim_log(keep_evicted) } else { Vec::new() };
        (listed, trimmed)
    };
    core.rooms.list(room, listed);
    for name in &trimmed {
        continue_cleanup(core, room, name);
    }
    announcements::updated(core, room, listed);
    if core.hooks.any(Hooks::UPDATED) {
        core.tell(Call::RoomUpdated(room.clone()));
    }
    true
}

/// Deletes a room: its members are out, everyone hears of it (of an unlisted one only its members), its history is handed
/// over, and then its end is told. `false`: it was gone already.
pub fn delete(core: &Arc<Core>, room: &Arc<Room>) -> bool {
    delete_by(core, room, None)
}

/// The same, as a client asked for it: that one hears of it at once, in the room or not.
pub fn delete_for(core: &Arc<Core>, room: &Arc<Room>, client: &Arc<Client>) -> bool {
    delete_by(core, room, Some(client))
}

fn delete_by(core: &Arc<Core>, room: &Arc<Room>, by: Option<&Arc<Client>>) -> bool {
    let _announcing = lock(&core.rooms.announcing);
    if !core.rooms.remove(room) {
        return false;
    }
    let _order = lock(&room.order);
    let (mut members, listed) = {
        let mut state = room.state();
        state.deleted = true;
        state.targets_changed();
        let members: Vec<_> = std::mem::take(&mut state.members).into_values().collect();
        (members, state.config.is_listed())
    };
    members.sort_unstable_by_key(|member| member.number);
    for member in &members {
        tell_left(core, room, member);
        member.let_go(room);
    }
    let mut members: Vec<_> = members.into_iter().map(|member| member.client).collect();
    if let Some(client) = by
        && members.iter().all(|member| member.id() != client.id())
    {
        members.push(client.clone());
    }
    announcements::deleted(core, room, listed, &members);
    hand_over(core, room);
    say_farewell(core, room);
    true
}
