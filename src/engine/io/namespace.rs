//! The sockets of one namespace and their rooms.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use smallvec::SmallVec;
use socketioxide_core::Str;

use super::{
    call::{IoCall, RoomChange, RoomEvent},
    selector::Selector,
};
use crate::engine::{
    core::Core,
    host::Call,
    ids::Id,
    lock::{read, write},
    socketio::{PublicId, Socket, read_socket_id},
    transport::Revision,
};

/// A namespace.
#[derive(Debug)]
pub struct Namespace {
    name: Str,
    key: u32,
    /// Somebody listens for connections.
    heeded: AtomicBool,
    /// The host decides who connects.
    judged: AtomicBool,
    /// The next acknowledgement's number.
    next_ack: AtomicI64,
    /// Read per broadcast, written when a socket comes, goes or moves.
    state: RwLock<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) members: HashMap<Id, Member>,
    /// Without the rooms that are named like the socket in them.
    rooms: HashMap<Arc<str>, HashSet<Id>>,
    /// Of clients of Socket.IO 2, whose sockets are known by their sessions: the socket of each. From its coming until its end was told.
    of_sessions: HashMap<Id, Id>,
    /// The serial number of the next member.
    next: u64,
    /// Where the host watches the rooms: what became of them in the step that is being done.
    changes: Option<Vec<RoomChange>>,
}

/// A socket in its namespace.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) socket: Arc<Socket>,
    /// Grows in order of connecting.
    serial: u64,
    /// In order of joining, without its own.
    rooms: SmallVec<[Arc<str>; 1]>,
    /// It left the room of its own id.
    left_own: bool,
    /// The host holds an object for it, and is told of its end.
    looked_at: bool,
    /// Its beginning was told, or is not to be.
    begun: bool,
}

/// A socket that was in a namespace.
#[derive(Debug, Default)]
pub struct Left {
    /// Rooms that it was in, its own first.
    pub rooms: Vec<Arc<str>>,
    /// The host holds an object for it.
    pub looked_at: bool,
}

impl Member {
    pub(super) fn id(&self) -> Id {
        self.socket.id()
    }

    /// Whether a room is the one that bears the socket's id.
    fn owns(&self, room: &str) -> bool {
        self.socket.public_id().as_str() == room
    }

    fn all_rooms(&self) -> Vec<Arc<str>> {
        let own = (!self.left_own).then(|| Arc::from(self.socket.public_id().as_str()));
        own.into_iter().chain(self.rooms.iter().cloned()).collect()
    }
}

impl State {
    /// The member with a public id.
    pub(super) fn find(&self, id: &str) -> Option<&Member> {
        let own = Id::parse(id).and_then(|id| self.members.get(&id));
        own.or_else(|| {
            if self.of_sessions.is_empty() {
                return None;
            }
            let (nsp, session) = read_socket_id(id)?;
            let found = self.members.get(self.of_sessions.get(&session)?);
            found.filter(|member| member.socket.nsp().as_str() == nsp)
        })
    }

    /// The one whose own room this is, and that did not leave it.
    fn owner(&self, room: &str) -> Option<&Member> {
        self.find(room).filter(|member| !member.left_own)
    }

    /// Ids of those in a room.
    pub(super) fn in_room(&self, room: &str) -> impl Iterator<Item = Id> {
        let own = self.owner(room).map(Member::id);
        let joined = self.rooms.get(room).into_iter().flatten().copied();
        own.into_iter().chain(joined)
    }

    fn join(&mut self, id: Id, room: &Arc<str>) {
        let is_new = self.changes.is_some() && !self.has_room(room);
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.owns(room) {
            if !std::mem::take(&mut member.left_own) {
                return;
            }
        } else {
            if member.rooms.contains(room) {
                return;
            }
            member.rooms.push(room.clone());
            self.rooms.entry(room.clone()).or_default().insert(id);
        }
        self.note_joined(room, &id, is_new);
    }

    fn leave(&mut self, id: Id, room: &Arc<str>) {
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.owns(room) {
            if std::mem::replace(&mut member.left_own, true) {
                return;
            }
        } else {
            let before = member.rooms.len();
            member.rooms.retain(|joined| joined != room);
            if member.rooms.len() == before {
                return;
            }
            self.empty(id, room);
        }
        if self.changes.is_some()
            && let Some(member) = self.members.get(&id)
        {
            let left = member.socket.public_id();
            self.note_left(room, left);
        }
    }

    fn has_room(&self, room: &str) -> bool {
        self.rooms.contains_key(room) || self.owner(room).is_some()
    }

    fn note_joined(&mut self, room: &Arc<str>, id: &Id, is_new: bool) {
        if let Some(changes) = &mut self.changes {
            let socket = self.members.get(id).map(|member| member.socket.public_id());
            if is_new {
                changes.push(RoomChange { event: RoomEvent::Created, room: room.clone(), socket: None });
            }
            changes.push(RoomChange { event: RoomEvent::Joined, room: room.clone(), socket });
        }
    }

    fn note_left(&mut self, room: &Arc<str>, socket: PublicId) {
        let is_gone = self.changes.is_some() && !self.has_room(room);
        if let Some(changes) = &mut self.changes {
            changes.push(RoomChange { event: RoomEvent::Left, room: room.clone(), socket: Some(socket) });
            if is_gone {
                changes.push(RoomChange { event: RoomEvent::Deleted, room: room.clone(), socket: None });
            }
        }
    }

    fn empty(&mut self, id: Id, room: &str) {
        if let Some(members) = self.rooms.get_mut(room) {
            members.remove(&id);
            if members.is_empty() {
                self.rooms.remove(room);
            }
        }
    }
}

impl Namespace {
    pub(super) fn new(name: Str, key: u32) -> Arc<Self> {
        Arc::new(Self {
            name,
            key,
            heeded: AtomicBool::new(false),
            // Nobody gets in before the host said what it wants.
            judged: AtomicBool::new(true),
            next_ack: AtomicI64::new(0),
            state: RwLock::default(),
        })
    }

    /// Its name, with its slash.
    pub fn name(&self) -> &Str {
        &self.name
    }

    /// Its number: never used again.
    pub fn key(&self) -> u32 {
        self.key
    }

    /// Says whether somebody listens for connections, and whether the host decides who connects.
    pub fn set(&self, heeded: bool, judged: bool) {
        self.heeded.store(heeded, Ordering::Release);
        self.judged.store(judged, Ordering::Release);
    }

    /// Says whether the host is told what becomes of rooms.
    pub fn watch_rooms(&self, watched: bool) {
        write(&self.state).changes = watched.then(Vec::new);
    }

    /// Tells what became of rooms in a step, under the lock: so that it is told in the order in which it came to be.
    fn tell_changes(&self, core: &Core, state: &mut State) {
        if let Some(changes) = &mut state.changes
            && !changes.is_empty()
        {
            let changes = std::mem::take(changes);
            core.tell(Call::Io(IoCall::Rooms { nsp: self.key, changes }));
        }
    }

    /// Whether somebody listens for connections.
    pub fn is_heeded(&self) -> bool {
        self.heeded.load(Ordering::Acquire)
    }

    /// Whether the host decides who connects.
    pub fn is_judged(&self) -> bool {
        self.judged.load(Ordering::Acquire)
    }

    /// A number for an acknowledgement.
    pub(super) fn next_ack(&self) -> i64 {
        self.next_ack.fetch_add(1, Ordering::Relaxed)
    }

    // ------------------------------------------------------------------ who is there

    /// How many sockets there are.
    pub fn count(&self) -> usize {
        read(&self.state).members.len()
    }

    /// The socket with a public id.
    pub fn find(&self, id: &str) -> Option<Arc<Socket>> {
        read(&self.state).find(id).map(|member| member.socket.clone())
    }

    /// Takes a socket in. Its end is told only once its beginning is [`begun`](Self::begin).
    pub(in crate::engine) fn add(&self, core: &Core, socket: &Arc<Socket>) {
        let mut state = write(&self.state);
        let own = state.changes.is_some().then(|| Arc::from(socket.public_id().as_str()));
        let is_new = own.as_ref().is_some_and(|own| !state.has_room(own));
        let member = Member {
            socket: socket.clone(),
            serial: state.next,
            rooms: SmallVec::new(),
            left_own: false,
            looked_at: false,
            begun: false,
        };
        state.next += 1;
        state.members.insert(socket.id(), member);
        if socket.session().revision() == Revision::V3 {
            state.of_sessions.insert(socket.session().id(), socket.id());
        }
        if let Some(own) = own {
            state.note_joined(&own, &socket.id(), is_new);
            self.tell_changes(core, &mut state);
        }
    }

    /// Whether the id that a socket is to be known by is another's whose end was not told yet.
    pub(super) fn holds_session_of(&self, socket: &Socket) -> bool {
        socket.session().revision() == Revision::V3
            && read(&self.state).of_sessions.contains_key(&socket.session().id())
    }

    /// A socket's end was told: its public id may be another's.
    pub(super) fn forget_session_of(&self, socket: &Socket) {
        if socket.session().revision() == Revision::V3 {
            let mut state = write(&self.state);
            // A namespace that was made anew meanwhile may hold the next one.
            if let Entry::Occupied(known) = state.of_sessions.entry(socket.session().id())
                && *known.get() == socket.id()
            {
                known.remove();
            }
            if state.of_sessions.capacity() > 1_024
                && state.of_sessions.len() < state.of_sessions.capacity() / 8
            {
                state.of_sessions.shrink_to_fit();
            }
        }
    }

    /// Its beginning is told by `tell`, under the lock, so that its end comes behind. `false`: it is gone already.
    pub(super) fn begin(&self, id: &Id, looked_at: bool, tell: impl FnOnce()) -> bool {
        let mut state = write(&self.state);
        let Some(member) = state.members.get_mut(id) else { return false };
        member.begun = true;
        member.looked_at |= looked_at;
        tell();
        true
    }

    /// The host makes an object for it, so that its end will be told. `None`: it is gone.
    pub fn look_at(&self, id: &str) -> Option<Arc<Socket>> {
        let mut state = write(&self.state);
        let id = state.find(id)?.id();
        let member = state.members.get_mut(&id)?;
        member.looked_at = true;
        Some(member.socket.clone())
    }

    /// Whether the host holds an object for a socket.
    pub fn is_looked_at(&self, id: &Id) -> bool {
        read(&self.state).members.get(id).is_some_and(|member| member.looked_at)
    }

    /// Lets a socket go. Its end is told by `tell`, under the lock: ahead of what becomes of its rooms.
    pub(in crate::engine) fn remove(&self, core: &Core, id: &Id, tell: impl FnOnce(&Left)) -> Option<Left> {
        let mut state = write(&self.state);
        let member = state.members.remove(id)?;
        for room in &member.rooms {
            state.empty(*id, room);
        }
        let left = Left { rooms: member.all_rooms(), looked_at: member.looked_at && member.begun };
        tell(&left);
        if state.changes.is_some() {
            for room in &left.rooms {
                state.note_left(room, member.socket.public_id());
            }
            self.tell_changes(core, &mut state);
        }
        if state.members.capacity() > 1_024 && state.members.len() < state.members.capacity() / 8 {
            state.members.shrink_to_fit();
        }
        Some(left)
    }

    /// Ids of those who are meant, in order of connecting.
    pub fn select(&self, selector: &Selector) -> Vec<PublicId> {
        let state = read(&self.state);
        let mut found = Vec::new();
        selector.each(&state, |member| found.push((member.serial, member.socket.public_id())));
        found.sort_unstable_by_key(|(serial, _)| *serial);
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// Nobody waits any more for what a broadcast asked for.
    pub fn forget_answer(&self, id: i64) {
        for member in read(&self.state).members.values() {
            member.socket.forget_answer(id);
        }
    }

    /// The sockets that are meant, in no order. Nothing is locked when this returns.
    pub(super) fn sockets(&self, selector: &Selector) -> Vec<Arc<Socket>> {
        let state = read(&self.state);
        let mut found = Vec::new();
        selector.each(&state, |member| found.push(member.socket.clone()));
        found
    }

    /// Calls `visit` for each socket that is meant, under the lock: it may queue frames, and nothing else.
    pub(super) fn visit(&self, selector: &Selector, mut visit: impl FnMut(&Arc<Socket>)) {
        selector.each(&read(&self.state), |member| visit(&member.socket));
    }

    // ------------------------------------------------------------------ rooms

    /// Those who are meant join rooms.
    pub(super) fn join(&self, core: &Core, selector: &Selector, rooms: &[Arc<str>]) {
        let mut state = write(&self.state);
        for id in Self::meant(&state, selector) {
            for room in rooms {
                state.join(id, room);
            }
        }
        self.tell_changes(core, &mut state);
    }

    /// Those who are meant leave rooms.
    pub(super) fn leave(&self, core: &Core, selector: &Selector, rooms: &[Arc<str>]) {
        let mut state = write(&self.state);
        for id in Self::meant(&state, selector) {
            for room in rooms {
                state.leave(id, room);
            }
        }
        self.tell_changes(core, &mut state);
    }

    fn meant(state: &State, selector: &Selector) -> Vec<Id> {
        let mut ids = Vec::new();
        selector.each(state, |member| ids.push(member.id()));
        ids
    }

    /// Rooms of a socket, its own first.
    pub fn rooms_of(&self, id: &str) -> Vec<Arc<str>> {
        read(&self.state).find(id).map(Member::all_rooms).unwrap_or_default()
    }

    /// All rooms and who is in them, both in order of connecting; rooms that are sockets' own first.
    pub fn rooms(&self) -> Vec<(Arc<str>, Vec<PublicId>)> {
        let state = read(&self.state);
        let mut own: Vec<&Member> = state.members.values().filter(|member| !member.left_own).collect();
        own.sort_unstable_by_key(|member| member.serial);
        let own = own.into_iter().map(|member| Arc::from(member.socket.public_id().as_str()));
        own.chain(state.rooms.keys().filter(|room| state.owner(room).is_none()).cloned())
            .map(|room| {
                let mut members: Vec<&Member> =
                    state.in_room(&room).filter_map(|id| state.members.get(&id)).collect();
                members.sort_unstable_by_key(|member| member.serial);
                let ids = members.into_iter().map(|member| member.socket.public_id()).collect();
                (room, ids)
            })
            .collect()
    }
}
