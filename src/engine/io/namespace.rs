//! A namespace: who is in it, in which rooms, and who is asked for what.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, RwLock, Weak,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use socketioxide_core::Str;

use super::{
    call::{IoCall, RoomChange},
    selector::Selector,
    state::{Member, State},
};
use crate::engine::{
    core::Core,
    host::Call,
    ids::Id,
    lock::{lock, read, write},
    socketio::{PublicId, Socket},
    transport::Revision,
};

/// A namespace.
///
/// Its members and their rooms are as the host has been told of them: one that it was not told of yet, and one whose end it was told, do
/// not count. `docs/design/io.md` says from when to when a member counts.
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
    /// Whom broadcasts that are waited for have asked. A std mutex: held to put an entry in or take one out.
    asked: Mutex<HashMap<i64, Vec<Weak<Socket>>>>,
    /// Read per broadcast, written when a socket comes, goes or moves.
    state: RwLock<State>,
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
            asked: Mutex::default(),
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

    /// Whether somebody listens for connections.
    pub fn is_heeded(&self) -> bool {
        self.heeded.load(Ordering::Acquire)
    }

    /// Whether the host decides who connects.
    pub fn is_judged(&self) -> bool {
        self.judged.load(Ordering::Acquire)
    }

    // ------------------------------------------------------------------ coming and going

    /// Takes a socket in. `shown`: at once, for the host is not told of it before. Its end is told only once its beginning is
    /// [`begun`](Self::begin).
    pub(in crate::engine) fn add(&self, core: &Core, socket: &Arc<Socket>, shown: bool) {
        let mut state = write(&self.state);
        state.insert(socket);
        if shown {
            state.show(&socket.id());
            self.announce_changes(core, &mut state);
        }
    }

    /// Its beginning is told by `tell`, under the lock, so that its end comes behind. `false`: it is gone already.
    pub(super) fn begin(&self, id: &Id, looked_at: bool, tell: impl FnOnce()) -> bool {
        let mut state = write(&self.state);
        let Some(member) = state.get_mut(id) else { return false };
        member.begun = true;
        member.looked_at |= looked_at;
        if member.looked_at {
            member.socket.look_at();
        }
        tell();
        true
    }

    /// The host is about to tell its program of a socket, which counts from now on. `false`: it is not there.
    pub fn show(&self, id: &str) -> bool {
        let mut state = write(&self.state);
        let Some(id) = state.find(id).map(Member::id) else { return false };
        state.show(&id);
        true
    }

    /// A socket is over. Where `told` says that the host will be told of that, it counts until then.
    pub(in crate::engine) fn end(&self, core: &Core, id: &Id, told: impl FnOnce(bool) -> bool) {
        let mut state = write(&self.state);
        let Some(member) = state.get(id) else { return };
        if told(member.looked_at && member.begun) {
            return;
        }
        state.remove(id);
        self.announce_changes(core, &mut state);
    }

    /// The host has told its program of the end of a socket, which is forgotten. Without `anyway` one that is not over stays: a client of
    /// Socket.IO 2 that came back has the id that it had.
    pub fn forget(&self, id: &str, anyway: bool) {
        let mut state = write(&self.state);
        let over = state.find(id).filter(|member| anyway || !member.socket.is_connected());
        if let Some(over) = over.map(Member::id) {
            state.remove(&over);
        }
    }

    /// The program has ended a socket, and will be told of that later: what is over counts no more.
    pub fn withdraw(&self, id: &str) {
        let mut state = write(&self.state);
        let over = state.find(id).filter(|member| !member.socket.is_connected());
        if let Some(over) = over.map(Member::id) {
            state.silently(|state| state.hide(&over));
            state.withdrawn.push(over);
        }
    }

    /// The host tells of the end of one. Its rooms show it once more, and all that were [withdrawn](Self::withdraw): they go one by one.
    pub fn restore(&self, id: &str) {
        let mut state = write(&self.state);
        let mut ended = std::mem::take(&mut state.withdrawn);
        ended.extend(state.find(id).map(Member::id));
        // One that is not over has the id that another had.
        ended.retain(|id| state.get(id).is_some_and(|member| !member.socket.is_connected()));
        state.silently(|state| ended.iter().for_each(|id| state.show(id)));
    }

    /// Whether the id that a socket is to be known by is another's whose end was not told yet.
    pub(super) fn holds_session_of(&self, socket: &Socket) -> bool {
        socket.session().revision() == Revision::V3 && read(&self.state).holds_session_of(socket)
    }

    // ------------------------------------------------------------------ who is there

    /// How many sockets there are.
    pub fn count(&self) -> usize {
        read(&self.state).count()
    }

    /// The socket with a public id, whether or not it counts.
    pub fn find(&self, id: &str) -> Option<Arc<Socket>> {
        read(&self.state).find(id).map(|member| member.socket.clone())
    }

    /// Whether a socket is there, and counts.
    pub fn is_shown(&self, id: &str) -> bool {
        read(&self.state).find_shown(id).is_some()
    }

    /// The host makes an object for a socket that counts, so that its end will be told. `None`: it is not there.
    pub fn look_at(&self, id: &str) -> Option<Arc<Socket>> {
        let mut state = write(&self.state);
        let id = state.find_shown(id)?.id();
        let member = state.get_mut(&id)?;
        member.looked_at = true;
        member.socket.look_at();
        Some(member.socket.clone())
    }

    /// Whether the host holds an object for a socket.
    pub fn is_looked_at(&self, id: &Id) -> bool {
        read(&self.state).get(id).is_some_and(|member| member.looked_at)
    }

    /// Ids of those who are meant, in order of connecting.
    pub fn select(&self, selector: &Selector) -> Vec<PublicId> {
        let state = read(&self.state);
        let mut found = Vec::new();
        selector.each(&state, |member| found.push((member.serial, member.socket.public_id())));
        found.sort_unstable_by_key(|(serial, _)| *serial);
        found.into_iter().map(|(_, id)| id).collect()
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

    // ------------------------------------------------------------------ acknowledgements

    /// A number for an acknowledgement.
    pub(super) fn next_ack(&self) -> i64 {
        self.next_ack.fetch_add(1, Ordering::Relaxed)
    }

    /// A broadcast asked these.
    pub(super) fn note_asked(&self, ack: i64, sockets: Vec<Weak<Socket>>) {
        if !sockets.is_empty() {
            lock(&self.asked).insert(ack, sockets);
        }
    }

    /// Nobody waits any more for what a broadcast asked for. Costs as much as it asked sockets.
    pub fn forget_answer(&self, ack: i64) {
        let asked = lock(&self.asked).remove(&ack);
        for socket in asked.iter().flatten().filter_map(Weak::upgrade) {
            socket.forget_answer(ack);
        }
    }

    // ------------------------------------------------------------------ rooms

    /// Says whether the host is told what becomes of rooms.
    pub fn watch_rooms(&self, watched: bool) {
        let mut state = write(&self.state);
        state.changes = watched.then(Vec::new);
        state.announced = false;
    }

    /// What became of rooms since this was last asked, in order.
    pub fn take_changes(&self) -> Vec<RoomChange> {
        let mut state = write(&self.state);
        state.announced = false;
        state.changes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether so much became of rooms that the host did not take that nobody is to come before it did.
    pub(super) fn is_behind(&self, most: u64) -> bool {
        read(&self.state).changes.as_ref().is_some_and(|changes| changes.len() as u64 >= most)
    }

    /// Tells the host that there are changes to take. What the host does itself it takes by itself.
    fn announce_changes(&self, core: &Core, state: &mut State) {
        let some = state.changes.as_ref().is_some_and(|changes| !changes.is_empty());
        if some && !std::mem::replace(&mut state.announced, true) {
            core.tell(Call::Io(IoCall::Rooms { nsp: self.key }));
        }
    }

    /// Those who are meant join rooms.
    pub(super) fn join(&self, selector: &Selector, rooms: &[Arc<str>]) {
        let mut state = write(&self.state);
        for id in Self::meant(&state, selector) {
            for room in rooms {
                state.join(id, room);
            }
        }
    }

    /// Those who are meant leave rooms.
    pub(super) fn leave(&self, selector: &Selector, rooms: &[Arc<str>]) {
        let mut state = write(&self.state);
        for id in Self::meant(&state, selector) {
            for room in rooms {
                state.leave(id, room);
            }
        }
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

    /// How many rooms a socket is in.
    pub fn room_count_of(&self, id: &str) -> usize {
        read(&self.state).find(id).map_or(0, Member::room_count)
    }

    /// How many rooms there are.
    pub fn room_count(&self) -> usize {
        read(&self.state).room_count()
    }

    /// The rooms, those that are sockets' own first.
    pub fn room_names(&self) -> Vec<Arc<str>> {
        read(&self.state).room_names()
    }

    /// Ids of those in a room, where they are no more than `most`, in order of connecting; and how many they are.
    pub fn in_room(&self, room: &str, most: usize) -> (Vec<PublicId>, usize) {
        let state = read(&self.state);
        let size = state.room_size(room);
        if size > most {
            return (Vec::new(), size);
        }
        let mut found: Vec<_> = state.in_room(room).filter_map(|id| state.get(&id)).collect();
        found.sort_unstable_by_key(|member| member.serial);
        (found.iter().map(|member| member.socket.public_id()).collect(), size)
    }

    /// How many sockets are in a room; 0: there is none of that name.
    pub fn room_size(&self, room: &str) -> usize {
        read(&self.state).room_size(room)
    }

    /// Whether a socket is in a room.
    pub fn is_in(&self, room: &str, id: &str) -> bool {
        read(&self.state).is_in(room, id)
    }
}
