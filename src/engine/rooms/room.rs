//! One room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::Ordering},
};

use serde::Serialize;

use super::{log::RoomLog, publication::Origin};
use crate::engine::{
    client::{Client, Subscriber},
    config::{EventConfig, RoomConfig},
    error::Refusal,
    event::Draft,
    ids::Id,
    lock::lock,
    payload::to_json,
};

/// Kinds of events for which the list of receivers is kept between two events.
const MAX_TARGET_LISTS: usize = 64;

/// A place in a room's order of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// 1 for the first event, growing by 1 with each.
    pub offset: u64,
    /// Random per creation of the room: an offset means something only together with it.
    pub epoch: Arc<str>,
}

/// A room.
///
/// Lock order: registry, `order`, `state`, then a client's and a session's own.
#[derive(Debug)]
pub struct Room {
    id: Arc<str>,
    key: u64,
    created_by: Option<Arc<str>>,
    /// It counts for what its creator may hold.
    held: bool,
    /// Held from accepting an event until it is in every outbox, and while a member is welcomed or sent away: that is what
    /// makes the order one for all. Nothing under it waits.
    pub(super) order: Mutex<()>,
    /// Guards what the room is and holds. Taken for microseconds; never around a send.
    state: Mutex<State>,
}

/// What a room is and holds.
#[derive(Debug)]
pub(super) struct State {
    /// Of the life that it is in.
    pub origin: Arc<Origin>,
    pub config: RoomConfig,
    pub members: HashMap<Id, Member>,
    /// Number of the next member: members are listed in order of joining.
    pub next_member: u64,
    /// Offset of the newest event.
    pub offset: u64,
    pub log: RoomLog,
    pub deleted: bool,
    /// Whether the end of a deleted room was told.
    pub farewell: bool,
    /// Handlers that the host has, by event name; `"*"` is any.
    observers: HashMap<Arc<str>, u32>,
    /// Receivers by event name, until someone joins, leaves or subscribes.
    targets: HashMap<Arc<str>, Arc<[Arc<Subscriber>]>>,
}

/// One connection's membership.
#[derive(Debug)]
pub(super) struct Member {
    pub client: Arc<Client>,
    pub number: u64,
    /// Event names, in order of subscribing; `"*"` is any.
    pub subscriptions: Vec<Arc<str>>,
    /// Whether this member had the room's history.
    pub had_history: bool,
}

impl Room {
    pub(super) fn new(
        id: Arc<str>,
        key: u64,
        config: RoomConfig,
        created_by: Option<Arc<str>>,
        held: bool,
        log: RoomLog,
    ) -> Arc<Self> {
        let origin = new_origin(key, &id);
        Arc::new(Self {
            id,
            key,
            created_by,
            held,
            order: Mutex::new(()),
            state: Mutex::new(State {
                origin,
                config,
                members: HashMap::new(),
                next_member: 0,
                offset: 0,
                log,
                deleted: false,
                farewell: false,
                observers: HashMap::new(),
                targets: HashMap::new(),
            }),
        })
    }

    /// Its id, unique among the rooms there are.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Its key, never used again.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// User id of its creator.
    pub fn created_by(&self) -> Option<&Arc<str>> {
        self.created_by.as_ref()
    }

    /// Whose allowance it counts for: only rooms that clients asked for do.
    pub(super) fn holder(&self) -> Option<&Arc<str>> {
        self.created_by.as_ref().filter(|_| self.held)
    }

    /// Connections in it.
    pub fn size(&self) -> usize {
        lock(&self.state).members.len()
    }

    /// Ids of the clients in it, in order of joining.
    pub fn participants(&self) -> Vec<Id> {
        let state = lock(&self.state);
        let mut members: Vec<_> = state.members.iter().map(|(id, member)| (member.number, *id)).collect();
        drop(state);
        members.sort_unstable();
        members.into_iter().map(|(_, id)| id).collect()
    }

    /// Whether the client is in it.
    pub fn has(&self, client: &Id) -> bool {
        lock(&self.state).members.contains_key(client)
    }

    /// What the client is subscribed to here.
    pub fn subscriptions(&self, client: &Id) -> Vec<Arc<str>> {
        lock(&self.state).members.get(client).map(|member| member.subscriptions.clone()).unwrap_or_default()
    }

    /// Position of its newest event.
    pub fn position(&self) -> Position {
        let state = lock(&self.state);
        Position { offset: state.offset, epoch: state.origin.epoch.clone() }
    }

    /// Whether an event's schema is to be asked about a payload: it has one, and that does not accept it natively.
    pub fn judges(&self, draft: &Draft) -> bool {
        let lane = lock(&self.state).rule(&draft.name).and_then(|rule| rule.schema.clone());
        lane.is_some_and(|lane| !lane.accepts(draft.data.as_ref()))
    }

    /// Changes the number of handlers that the host has for an event.
    pub fn observe(&self, event: &str, delta: i32) {
        let mut state = lock(&self.state);
        let count = state.observers.entry(event.into()).or_default();
        *count = count.saturating_add_signed(delta);
        if *count == 0 {
            state.observers.remove(event);
        }
    }

    pub(super) fn is_observed(&self, event: &str) -> bool {
        let state = lock(&self.state);
        !state.observers.is_empty()
            && (state.observers.contains_key(event) || state.observers.contains_key("*"))
    }

    /// `{ id, name, description?, size, maxSize?, createdById? }`, as clients see it.
    pub fn summary(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Summary<'a> {
            id: &'a str,
            name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            description: Option<&'a str>,
            size: usize,
            #[serde(skip_serializing_if = "Option::is_none")]
            max_size: Option<usize>,
            #[serde(skip_serializing_if = "Option::is_none")]
            created_by_id: Option<&'a str>,
        }
        let state = lock(&self.state);
        to_json(&Summary {
            id: &self.id,
            name: &state.config.name,
            description: state.config.description.as_deref(),
            size: state.members.len(),
            max_size: state.config.max_size,
            created_by_id: self.created_by.as_deref(),
        })
    }

    /// `{ id, name, description?, maxSize?, createdById?, defaultSubscriptions, listed, events }`, for the host.
    pub fn describe(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Description<'a> {
            id: &'a str,
            name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            description: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            max_size: Option<usize>,
            #[serde(skip_serializing_if = "Option::is_none")]
            created_by_id: Option<&'a str>,
            default_subscriptions: &'a [String],
            listed: bool,
            events: Vec<&'a str>,
        }
        let state = lock(&self.state);
        to_json(&Description {
            id: &self.id,
            name: &state.config.name,
            description: state.config.description.as_deref(),
            max_size: state.config.max_size,
            created_by_id: self.created_by.as_deref(),
            default_subscriptions: &state.config.default_subscriptions,
            listed: state.config.is_listed(),
            events: state.config.events.iter().map(|event| event.name.as_str()).collect(),
        })
    }

    /// Bytes of what clients chose of it, roughly: a call that tells of it may be the last one to hold it.
    pub fn weight(&self) -> usize {
        let state = lock(&self.state);
        let config = &state.config;
        let words = config.name.len() + config.description.as_ref().map_or(0, String::len);
        size_of::<Self>() + self.id.len() + words + config.events.len() * size_of::<EventConfig>()
    }

    /// Its name for people.
    pub fn name(&self) -> String {
        lock(&self.state).config.name.clone()
    }

    /// Whether it is listed and announced.
    pub fn is_listed(&self) -> bool {
        lock(&self.state).config.is_listed()
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Member {
    /// The membership is over.
    pub fn let_go(&self, room: &Room) {
        self.client.remove_room(room);
        self.client.subscriptions().fetch_sub(self.subscriptions.len() as u64, Ordering::Relaxed);
    }
}

impl State {
    /// The membership of a client.
    pub fn member(&mut self, room: &Room, client: &Client) -> Result<&mut Member, Refusal> {
        if self.deleted {
            return Err(Refusal::room_not_found(room.id()));
        }
        self.members.get_mut(&client.id()).ok_or_else(|| Refusal::not_in_room(room.id()))
    }

    /// The rule for an event, by its own name.
    pub fn rule(&self, event: &str) -> Option<&EventConfig> {
        self.config.events.iter().find(|rule| rule.name == event)
    }

    /// Whether an event may be said: by a client only what is listed, by the server in a room without events anything.
    pub fn allows(&self, event: &str, by_server: bool) -> bool {
        match self.config.events.as_slice() {
            [] => by_server,
            events => events.iter().any(|rule| rule.name == event || rule.name == "*"),
        }
    }

    /// How many events of this kind are kept. A kind that only `"*"` covers has no history: clients make up such names.
    pub fn history_limit(&self, event: &str) -> usize {
        history_limit(&self.config.events, event)
    }

    /// What is above the limits that hold now leaves memory. Returns the kinds that have something to hand over.
    pub fn trim_log(&mut self, keep_evicted: bool) -> Vec<Arc<str>> {
        let Self { log, config, .. } = self;
        log.trim(|name| history_limit(&config.events, name), keep_evicted)
    }

    /// The sockets that get an event of this name.
    pub fn targets(&mut self, event: &Arc<str>) -> Arc<[Arc<Subscriber>]> {
        if let Some(targets) = self.targets.get(event) {
            return targets.clone();
        }
        let targets: Arc<[Arc<Subscriber>]> = self
            .members
            .values()
            .filter(|member| member.subscriptions.iter().any(|name| name == event || &**name == "*"))
            .map(|member| member.client.socket().clone())
            .collect();
        if self.targets.len() >= MAX_TARGET_LISTS {
            self.targets.clear();
        }
        self.targets.insert(event.clone(), targets.clone());
        targets
    }

    /// Someone joined, left or subscribed.
    pub fn targets_changed(&mut self) {
        self.targets = HashMap::new();
    }

    /// Begins anew: empty, with a new epoch. Returns the loads that waited for a cleanup of what was there.
    pub fn reset(&mut self) -> Vec<u64> {
        self.origin = new_origin(self.origin.key, &self.origin.room);
        self.offset = 0;
        self.log.reset()
    }
}

fn history_limit(events: &[EventConfig], event: &str) -> usize {
    events
        .iter()
        .find(|rule| rule.name == event)
        .and_then(|rule| rule.history)
        .filter(|history| history.enabled)
        .map_or(0, |history| history.limit)
}

fn new_origin(key: u64, id: &Arc<str>) -> Arc<Origin> {
    Arc::new(Origin { key, room: id.clone(), epoch: Id::random().as_str().into() })
}
