//! When each client's token is past its time.

use std::{collections::BTreeSet, sync::Mutex};

use tokio::time::Instant;

use crate::engine::{ids::Id, lock::lock};

/// Deadlines on the monotonic clock: a wall clock that jumps ends nobody's time.
///
/// A set and no heap: whoever goes, or brings a new token, takes the old entry out, so that it holds as many as there are clients.
#[derive(Debug, Default)]
pub struct Deadlines(
    /// A std mutex: held to put in or take out one entry.
    Mutex<BTreeSet<(Instant, Id)>>,
);

impl Deadlines {
    /// Puts a client's in. `true`: it is the first of all.
    pub fn add(&self, deadline: Instant, client: Id) -> bool {
        let mut entries = lock(&self.0);
        entries.insert((deadline, client));
        entries.first() == Some(&(deadline, client))
    }

    /// Takes a client's out.
    pub fn remove(&self, deadline: Instant, client: Id) {
        lock(&self.0).remove(&(deadline, client));
    }

    /// The first of all.
    pub fn first(&self) -> Option<Instant> {
        lock(&self.0).first().map(|(deadline, _)| *deadline)
    }

    /// Takes out one that is due.
    pub fn take_due(&self, now: Instant) -> Option<Id> {
        let mut entries = lock(&self.0);
        let due = entries.first().is_some_and(|(deadline, _)| *deadline <= now);
        if due { entries.pop_first().map(|(_, client)| client) } else { None }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        lock(&self.0).len()
    }
}
