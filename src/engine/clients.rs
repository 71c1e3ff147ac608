//! Who is connected: by client id and by user id.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, RwLock},
};

use smallvec::SmallVec;

use super::{
    client::Client,
    ids::Id,
    lock::{read, write},
};

/// The connected clients, and those whose end the host has not yet taken note of.
#[derive(Debug, Default)]
pub struct Clients {
    /// Read per command and per broadcast to everyone; written when a client comes or goes.
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_id: HashMap<Id, Arc<Client>>,
    /// In order of connecting.
    by_user: HashMap<Arc<str>, SmallVec<[Arc<Client>; 1]>>,
    /// Most there were at a time, of late.
    most: usize,
    /// Most there were at a time since the maps last shrank. Their own capacity tells less: it does not count where something was removed.
    widest: usize,
}

impl Clients {
    /// The client with this id.
    pub fn get(&self, id: &Id) -> Option<Arc<Client>> {
        read(&self.inner).by_id.get(id).cloned()
    }

    /// Ids of all clients.
    pub fn ids(&self) -> Vec<Id> {
        read(&self.inner).by_id.keys().copied().collect()
    }

    /// The clients of a user, in order of connecting.
    pub fn of_user(&self, user_id: &str) -> Vec<Arc<Client>> {
        read(&self.inner).by_user.get(user_id).map(|clients| clients.to_vec()).unwrap_or_default()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        read(&self.inner).by_id.len()
    }

    /// How many there were at most since this was last asked, and how many there are.
    pub(super) fn most_and_now(&self) -> (usize, usize) {
        let mut inner = write(&self.inner);
        let now = inner.by_id.len();
        (std::mem::replace(&mut inner.most, now), now)
    }

    /// All clients.
    pub fn all(&self) -> Vec<Arc<Client>> {
        read(&self.inner).by_id.values().cloned().collect()
    }

    /// Ids of the rooms that any of a user's clients is in, each once.
    pub fn rooms_of_user(&self, user_id: &str) -> Vec<Arc<str>> {
        let mut ids: Vec<Arc<str>> = Vec::new();
        let mut seen = HashSet::new();
        for client in self.of_user(user_id) {
            ids.extend(client.room_ids().into_iter().filter(|id| seen.insert(id.clone())));
        }
        ids
    }

    pub(super) fn add(&self, client: &Arc<Client>) {
        let mut inner = write(&self.inner);
        inner.by_id.insert(client.id(), client.clone());
        inner.most = inner.most.max(inner.by_id.len());
        inner.widest = inner.widest.max(inner.by_id.len());
        inner.by_user.entry(client.user_id().clone()).or_default().push(client.clone());
    }

    pub(super) fn remove(&self, client: &Client) {
        let mut inner = write(&self.inner);
        inner.by_id.remove(&client.id());
        if let Some(clients) = inner.by_user.get_mut(client.user_id()) {
            clients.retain(|other| other.id() != client.id());
            if clients.is_empty() {
                inner.by_user.remove(client.user_id());
            }
        }
        if inner.widest > 1_024 && inner.by_id.len() < inner.widest / 8 {
            inner.by_id.shrink_to_fit();
            inner.widest = inner.by_id.len();
            inner.by_user.shrink_to_fit();
        }
    }
}
