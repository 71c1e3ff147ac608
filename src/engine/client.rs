//! A connected client: its identity, its rooms, its gate.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
    },
};

use super::{
    commands::{Fields, Histories, Pages},
    gate::Gate,
    ids::Id,
    jwt::{Guard, Token},
    limits::Limits,
    lock::lock,
    payload::{object_json, to_json},
    protocol::BATCHES,
    query,
    rate_limit::Rates,
    rooms::Room,
    socketio::{IncomingEvent, Socket},
    transport::Head,
};

/// Who a client is.
#[derive(Debug)]
pub struct Identity {
    /// Name under which other clients see it.
    pub user_id: Arc<str>,
    /// What it sent with its connect, as a JSON object. It may hold a token, and leaves the engine only to the program.
    pub auth: Box<str>,
    /// What of that is shown as its `meta`.
    pub meta: Meta,
    /// The token that governs the connection from its beginning.
    pub token: Option<Box<Token>>,
}

/// What is shown of what a client sent: made when somebody asks, and not kept beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meta {
    /// Nothing: `authenticate` says who it is.
    Nothing,
    /// All but these fields.
    AllBut(&'static [&'static str]),
}

impl Identity {
    /// Its `meta`: a JSON object.
    pub fn meta(&self) -> String {
        let Meta::AllBut(hidden) = self.meta else { return "{}".to_owned() };
        // It was read before, when the client connected.
        let Ok(fields) = Fields::parse(&self.auth) else { return "{}".to_owned() };
        let shown: Vec<String> = fields
            .iter()
            .filter(|(name, _)| !hidden.contains(name))
            .map(|(name, value)| format!("{}:{value}", to_json(name)))
            .collect();
        format!("{{{}}}", shown.join(","))
    }
}

/// What a publication is handed to.
pub type Subscriber = Socket;

/// A client. Its id is that of its socket.
#[derive(Debug)]
pub struct Client {
    identity: Identity,
    /// The token that governs the connection now. A std mutex: held to read or replace it, and around the deadlines' own.
    token: Mutex<Option<Box<Token>>>,
    socket: Arc<Socket>,
    /// A std mutex: held to add, remove or list rooms. Taken under a room's lock, never around one.
    membership: Mutex<Membership>,
    gate: Gate<IncomingEvent>,
    /// Its beginning was told, so that its end may be.
    greeted: AtomicBool,
    rates: Rates,
    /// Made at the first history that has to wait.
    histories: OnceLock<Box<Histories>>,
    /// Made at the first page that it asks for.
    pages: OnceLock<Box<Pages>>,
    /// In all rooms together.
    subscriptions: AtomicU64,
    takes_batches: bool,
    /// Number of the first change of rooms that it is told of.
    since: u64,
}

/// Guarded together, so that nobody joins a room after the end.
#[derive(Debug, Default)]
struct Membership {
    /// In order of joining. At the end: those it was in, until it is forgotten.
    rooms: Vec<Arc<Room>>,
    ended: bool,
    /// The host holds an object for it.
    looked_at: bool,
}

/// What became of a client's joining.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddRoom {
    /// It has the room.
    Added,
    /// It has as many as it may.
    TooMany,
    /// It is gone.
    Gone,
}

impl Client {
    /// A client on its socket. Until it is welcomed, its commands wait. `since`: the first change of rooms that it is told of.
    pub fn new(
        mut identity: Identity,
        socket: Arc<Socket>,
        welcomed: bool,
        limits: &Limits,
        since: u64,
    ) -> Arc<Self> {
        let query = socket.head().url.split_once('?').map_or("", |(_, query)| query);
        let takes_batches = query::pairs(query).any(|(name, value)| (&*name, &*value) == BATCHES);
        Arc::new(Self {
            takes_batches,
            since,
            token: Mutex::new(identity.token.take()),
            identity,
            socket,
            membership: Mutex::default(),
            gate: Gate::new(welcomed),
            greeted: AtomicBool::new(false),
            rates: Rates::new(limits),
            histories: OnceLock::new(),
            pages: OnceLock::new(),
            subscriptions: AtomicU64::new(0),
        })
    }

    /// Its id: that of its socket.
    pub fn id(&self) -> Id {
        self.socket.id()
    }

    /// Its user id.
    pub fn user_id(&self) -> &Arc<str> {
        &self.identity.user_id
    }

    /// Its socket.
    pub fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Its beginning was told.
    pub(super) fn greet(&self) {
        self.greeted.store(true, Ordering::SeqCst);
        // Whoever greets looks next whether the socket lives, whoever ends it next whether it was greeted: one of them sees the other.
        fence(Ordering::SeqCst);
    }

    /// Whether its beginning was told.
    pub(super) fn is_greeted(&self) -> bool {
        fence(Ordering::SeqCst);
        self.greeted.load(Ordering::SeqCst)
    }

    /// Number of the first change of rooms that it is told of.
    pub(super) fn since(&self) -> u64 {
        self.since
    }

    /// Whether it takes what becomes of several rooms in one event.
    pub(super) fn takes_batches(&self) -> bool {
        self.takes_batches
    }

    /// Histories that wait until there is room to send them.
    pub(super) fn histories(&self) -> &OnceLock<Box<Histories>> {
        &self.histories
    }

    /// Pages of history that it asked for.
    pub(super) fn pages(&self) -> &Pages {
        self.pages.get_or_init(Box::default)
    }

    /// Where its commands wait.
    pub fn gate(&self) -> &Gate<IncomingEvent> {
        &self.gate
    }

    /// How much it may ask.
    pub(super) fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Its subscriptions in all rooms together.
    pub(super) fn subscriptions(&self) -> &AtomicU64 {
        &self.subscriptions
    }

    // ------------------------------------------------------------------ token

    /// The user of the token that governs it; `None`: none does.
    pub(super) fn token_sub(&self) -> Option<Arc<str>> {
        lock(&self.token).as_ref().map(|token| token.sub.clone())
    }

    /// From now on it is ended when its token's time is over.
    pub(super) fn watch_token(&self, guard: &Guard) {
        if let Some(token) = &*lock(&self.token) {
            guard.govern(self.id(), token);
        }
    }

    /// Nobody is to end it any more.
    pub(super) fn unwatch_token(&self, guard: &Guard) {
        if let Some(token) = &*lock(&self.token) {
            guard.release(self.id(), token);
        }
    }

    /// Another token governs it.
    pub(super) fn renew_token(&self, guard: &Guard, mut token: Token) {
        let mut current = lock(&self.token);
        if let Some(before) = &*current {
            guard.release(self.id(), before);
            token.renewals = before.renewals.wrapping_add(1);
        }
        guard.govern(self.id(), &token);
        *current = Some(Box::new(token));
    }

    /// How often its token was renewed, and what it says now: a JSON object.
    pub fn claims(&self) -> Option<(u32, Arc<str>)> {
        lock(&self.token).as_ref().map(|token| (token.renewals, token.claims.clone()))
    }

    /// Whether its token's time is over.
    pub(super) fn is_overdue(&self) -> bool {
        lock(&self.token).as_ref().is_some_and(|token| token.is_over())
    }

    // ------------------------------------------------------------------ rooms

    /// Ids of its rooms, in order of joining; after its end those it was in.
    pub fn room_ids(&self) -> Vec<Arc<str>> {
        lock(&self.membership).rooms.iter().map(|room| room.id().clone()).collect()
    }

    /// Adds a room, under that room's lock.
    pub(super) fn add_room(&self, room: &Arc<Room>, most: u64) -> AddRoom {
        let mut membership = lock(&self.membership);
        if membership.ended {
            return AddRoom::Gone;
        }
        if membership.rooms.len() as u64 >= most {
            return AddRoom::TooMany;
        }
        membership.rooms.push(room.clone());
        AddRoom::Added
    }

    /// Whether it is in a room, as far as it knows.
    pub(super) fn is_in(&self, room: &Room) -> bool {
        lock(&self.membership).rooms.iter().any(|joined| joined.key() == room.key())
    }

    /// Removes a room, under that room's lock.
    pub(super) fn remove_room(&self, room: &Room) {
        let mut membership = lock(&self.membership);
        if !membership.ended {
            membership.rooms.retain(|joined| joined.key() != room.key());
        }
    }

    /// Marks the client as gone; its rooms, and whether the host holds an object for it. `None`: it was gone already.
    pub(super) fn end(&self) -> Option<(Vec<Arc<Room>>, bool)> {
        let mut membership = lock(&self.membership);
        if std::mem::replace(&mut membership.ended, true) {
            return None;
        }
        Some((membership.rooms.clone(), membership.looked_at))
    }

    /// The host makes an object for it, so that its end will be told. `false`: it is gone, and nobody will tell.
    pub fn look_at(&self) -> bool {
        let mut membership = lock(&self.membership);
        if membership.ended {
            return membership.looked_at;
        }
        membership.looked_at = true;
        self.socket.look_at();
        true
    }

    /// The host is told of its end, and may look at it until it took note, also where it never did before.
    pub(super) fn show_end(&self) {
        lock(&self.membership).looked_at = true;
    }

    /// Whether the host holds an object for it.
    pub(super) fn is_looked_at(&self) -> bool {
        lock(&self.membership).looked_at
    }

    /// Lets go of the rooms it was in.
    pub(super) fn forget_rooms(&self) {
        lock(&self.membership).rooms = Vec::new();
    }

    /// `{ id, conn, userId, meta, auth?, renewals?, handshake }` as JSON, for the host alone. `conn` is the session's id, a secret; `auth` is what its token says.
    pub fn describe(&self) -> String {
        let auth = self.claims().map_or(String::new(), |(renewals, claims)| {
            format!(r#""auth":{{"jwt":{claims}}},"renewals":{renewals},"#)
        });
        format!(
            r#"{{"id":{},"conn":{},"userId":{},"meta":{},{auth}"handshake":{}}}"#,
            to_json(self.id().as_str()),
            to_json(self.socket.session().id().as_str()),
            to_json(self.user_id()),
            self.identity.meta(),
            describe_handshake(self.socket.head(), &self.identity.auth),
        )
    }
}

/// A Socket.IO handshake as JSON: what `socket.handshake` shows, without `time`, which is `issued` in words.
pub fn describe_handshake(head: &Head, auth: &str) -> String {
    format!(
        concat!(
            r#"{{"headers":{},"address":{},"port":{},"xdomain":{},"secure":{},"#,
            r#""issued":{},"url":{},"query":{},"auth":{}}}"#
        ),
        head.headers,
        to_json(&head.address.ip().to_string()),
        head.address.port(),
        head.xdomain,
        head.secure,
        head.issued,
        to_json(&head.url),
        query_json(head.url.split_once('?').map_or("", |(_, query)| query)),
        auth,
    )
}

/// A query string as a JSON object, in the order in which the keys came. Of a repeated key the last value counts, as in Engine.IO.
fn query_json(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (key, value) in query::pairs(query) {
        match places.get(&key) {
            Some(&place) => pairs[place].1 = value,
            None => {
                places.insert(key.clone(), pairs.len());
                pairs.push((key, value));
            }
        }
    }
    object_json(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_an_object_of_strings() {
        assert_eq!(
            query_json("t=1&b=x%20y&t=2&c&d=%zz&a=1+1"),
            r#"{"t":"2","b":"x y","c":"","d":"%zz","a":"1 1"}"#
        );
    }
}
