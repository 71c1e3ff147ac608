//! The sockets of a namespace and their rooms, as the host has been told of them: what its lock guards.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use smallvec::SmallVec;

use super::call::{RoomChange, RoomEvent};
use crate::engine::{
    ids::Id,
    socketio::{PublicId, Socket, read_socket_id},
    transport::{Revision, Seen},
};

/// What the lock of a namespace guards.
#[derive(Debug, Default)]
pub(super) struct State {
    members: HashMap<Id, Member>,
    /// Of members that are shown, without the rooms that are named like the socket in them.
    rooms: HashMap<Arc<str>, HashSet<Id>>,
    /// Of clients of Socket.IO 2, whose sockets are known by their sessions: the socket of each.
    of_sessions: HashMap<Id, Id>,
    /// The serial number of the member that was shown last for the first time.
    last: u64,
    /// Members that are shown.
    shown: usize,
    /// Of those: members that are in the rooms of their own ids.
    own_rooms: usize,
    /// Members that are over, and were hidden before the host told of their end.
    pub(super) withdrawn: Vec<Id>,
    /// Where the host watches the rooms: what became of them, and the host has not taken.
    pub(super) changes: Option<Vec<RoomChange>>,
    /// The host was told that there are changes to take.
    pub(super) announced: bool,
}

/// A socket in its namespace.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) socket: Arc<Socket>,
    /// Grows in the order in which members are shown for the first time; 0: it was not.
    pub(super) serial: u64,
    /// In order of joining, without its own.
    rooms: SmallVec<[Arc<str>; 1]>,
    /// It left the room of its own id.
    left_own: bool,
    /// The host holds an object for it, and is told of its end.
    pub(super) looked_at: bool,
    /// Its beginning was told, or is not to be.
    pub(super) begun: bool,
    /// It counts: its beginning reached the program's code, and its end did not.
    shown: bool,
}

impl Member {
    fn new(socket: Arc<Socket>) -> Self {
        Self {
            socket,
            serial: 0,
            rooms: SmallVec::new(),
            left_own: false,
            looked_at: false,
            begun: false,
            shown: false,
        }
    }

    pub(super) fn id(&self) -> Id {
        self.socket.id()
    }

    /// Whether a room is the one that bears the socket's id.
    fn owns(&self, room: &str) -> bool {
        self.socket.public_id().as_str() == room
    }

    /// How many rooms it is in.
    pub(super) fn room_count(&self) -> usize {
        self.rooms.len() + usize::from(!self.left_own)
    }

    /// Its rooms, its own first.
    pub(super) fn all_rooms(&self) -> Vec<Arc<str>> {
        let own = (!self.left_own).then(|| Arc::from(self.socket.public_id().as_str()));
        own.into_iter().chain(self.rooms.iter().cloned()).collect()
    }
}

impl State {
    // ------------------------------------------------------------------ members

    /// The member with a public id, shown or not.
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

    /// The member with a public id, if it is shown.
    pub(super) fn find_shown(&self, id: &str) -> Option<&Member> {
        self.find(id).filter(|member| member.shown)
    }

    pub(super) fn get(&self, id: &Id) -> Option<&Member> {
        self.members.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &Id) -> Option<&mut Member> {
        self.members.get_mut(id)
    }

    /// Members that are shown.
    pub(super) fn all_shown(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.shown)
    }

    /// How many are shown.
    pub(super) fn count(&self) -> usize {
        self.shown
    }

    /// Whether the id that a socket is to be known by is another member's.
    pub(super) fn holds_session_of(&self, socket: &Socket) -> bool {
        self.of_sessions.contains_key(&socket.session().id())
    }

    /// Takes a socket in, which is not shown.
    pub(super) fn insert(&mut self, socket: &Arc<Socket>) {
        if socket.session().revision() == Revision::V3 {
            self.of_sessions.insert(socket.session().id(), socket.id());
        }
        socket.session().note_seen(|seen| seen.hidden = seen.hidden.saturating_add(1));
        self.members.insert(socket.id(), Member::new(socket.clone()));
    }

    /// Lets a member go.
    pub(super) fn remove(&mut self, id: &Id) -> Option<Member> {
        self.hide(id);
        let member = self.members.remove(id)?;
        member.socket.session().note_seen(|seen| seen.hidden = seen.hidden.saturating_sub(1));
        if member.socket.session().revision() == Revision::V3 {
            self.of_sessions.remove(&member.socket.session().id());
            if self.of_sessions.capacity() > 1_024 && self.of_sessions.len() < self.of_sessions.capacity() / 8
            {
                self.of_sessions.shrink_to_fit();
            }
        }
        if self.members.capacity() > 1_024 && self.members.len() < self.members.capacity() / 8 {
            self.members.shrink_to_fit();
        }
        Some(member)
    }

    /// From now on a member counts, in its rooms too.
    pub(super) fn show(&mut self, id: &Id) {
        let serial = self.last + 1;
        let Some(member) = self.members.get_mut(id).filter(|member| !member.shown) else { return };
        let own = (!member.left_own && self.changes.is_some())
            .then(|| Arc::from(member.socket.public_id().as_str()));
        let had_own = !member.left_own;
        let joined = std::mem::take(&mut member.rooms);
        // A room that others made of its id is there already: it is no new one.
        let is_new = own.as_ref().is_some_and(|own| !self.has_room(own));
        let Some(member) = self.members.get_mut(id) else { return };
        member.shown = true;
        if member.serial == 0 {
            member.serial = serial;
            self.last = serial;
        }
        member.socket.session().note_seen(Seen::show);
        self.shown += 1;
        self.own_rooms += usize::from(had_own);
        if let Some(own) = own {
            self.note_joined(&own, id, is_new);
        }
        for room in &joined {
            self.join(*id, room);
        }
    }

    /// From now on a member does not count. It keeps its rooms for itself.
    pub(super) fn hide(&mut self, id: &Id) {
        let Some(member) = self.members.get_mut(id).filter(|member| member.shown) else { return };
        member.shown = false;
        member.socket.session().note_seen(Seen::hide);
        let (had_own, rooms) = (!member.left_own, member.rooms.clone());
        let public = self.changes.is_some().then(|| member.socket.public_id());
        self.shown -= 1;
        self.own_rooms -= usize::from(had_own);
        if let Some(public) = public.as_ref().filter(|_| had_own) {
            self.note_left(&Arc::from(public.as_str()), public);
        }
        for room in &rooms {
            self.empty(id, room);
            if let Some(public) = &public {
                self.note_left(room, public);
            }
        }
    }

    /// Shows or hides a member without a word of its rooms.
    pub(super) fn silently(&mut self, change: impl FnOnce(&mut Self)) {
        let changes = self.changes.take();
        change(self);
        self.changes = changes;
    }

    // ------------------------------------------------------------------ rooms

    /// The one that is shown whose own room this is, and that did not leave it.
    fn owner(&self, room: &str) -> Option<&Member> {
        self.find_shown(room).filter(|member| !member.left_own)
    }

    /// Ids of those in a room.
    pub(super) fn in_room(&self, room: &str) -> impl Iterator<Item = Id> {
        let own = self.owner(room).map(Member::id);
        let joined = self.rooms.get(room).into_iter().flatten().copied();
        own.into_iter().chain(joined)
    }

    /// How many are in a room.
    pub(super) fn room_size(&self, room: &str) -> usize {
        let joined = self.rooms.get(room).map_or(0, HashSet::len);
        joined + usize::from(self.owner(room).is_some())
    }

    /// Whether a member that is shown is in a room.
    pub(super) fn is_in(&self, room: &str, id: &str) -> bool {
        self.find_shown(id).is_some_and(|member| match member.owns(room) {
            true => !member.left_own,
            false => self.rooms.get(room).is_some_and(|ids| ids.contains(&member.id())),
        })
    }

    /// How many rooms there are.
    pub(super) fn room_count(&self) -> usize {
        // A room of a socket's own that others joined is among both.
        let joined = self.rooms.keys().filter(|room| self.owner(room).is_none()).count();
        self.own_rooms + joined
    }

    /// The rooms, those that are sockets' own first, in the order in which those were shown.
    pub(super) fn room_names(&self) -> Vec<Arc<str>> {
        let mut own: Vec<&Member> = self.all_shown().filter(|member| !member.left_own).collect();
        own.sort_unstable_by_key(|member| member.serial);
        let own = own.into_iter().map(|member| Arc::from(member.socket.public_id().as_str()));
        own.chain(self.rooms.keys().filter(|room| self.owner(room).is_none()).cloned()).collect()
    }

    /// A member joins a room, now or when it is shown.
    pub(super) fn join(&mut self, id: Id, room: &Arc<str>) {
        let is_new = self.changes.is_some() && !self.has_room(room);
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.owns(room) {
            if !std::mem::take(&mut member.left_own) {
                return;
            }
            self.own_rooms += usize::from(member.shown);
        } else if member.shown {
            // One text for all who are in the room.
            let name = self.rooms.get_key_value(room).map_or(room, |(name, _)| name).clone();
            if !self.rooms.entry(name.clone()).or_default().insert(id) {
                return;
            }
            member.rooms.push(name);
        } else {
            if !member.rooms.contains(room) {
                member.rooms.push(room.clone());
            }
            return;
        }
        if member.shown {
            self.note_joined(room, &id, is_new);
        }
    }

    /// A member leaves a room.
    pub(super) fn leave(&mut self, id: Id, room: &Arc<str>) {
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.owns(room) {
            if std::mem::replace(&mut member.left_own, true) {
                return;
            }
            self.own_rooms -= usize::from(member.shown);
        } else if member.shown {
            let Some((name, _)) = self.rooms.get_key_value(room).filter(|(_, ids)| ids.contains(&id)) else {
                return;
            };
            // It is the same text: to look for it compares none.
            if let Some(at) = member.rooms.iter().position(|joined| Arc::ptr_eq(joined, name)) {
                member.rooms.remove(at);
            }
        } else {
            member.rooms.retain(|joined| joined != room);
        }
        if !member.shown {
            return;
        }
        let public = self.changes.is_some().then(|| member.socket.public_id());
        self.empty(&id, room);
        if let Some(public) = public {
            self.note_left(room, &public);
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

    fn note_left(&mut self, room: &Arc<str>, socket: &PublicId) {
        let is_gone = self.changes.is_some() && !self.has_room(room);
        if let Some(changes) = &mut self.changes {
            let socket = Some(socket.clone());
            changes.push(RoomChange { event: RoomEvent::Left, room: room.clone(), socket });
            if is_gone {
                changes.push(RoomChange { event: RoomEvent::Deleted, room: room.clone(), socket: None });
            }
        }
    }

    fn empty(&mut self, id: &Id, room: &str) {
        if let Some(members) = self.rooms.get_mut(room) {
            members.remove(id);
            if members.is_empty() {
                self.rooms.remove(room);
            }
        }
    }
}
