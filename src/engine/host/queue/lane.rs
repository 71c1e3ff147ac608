//! Calls of one class.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use crate::engine::host::{Account, Call, call::Class};

/// From how many places on what is not needed is given back.
const KEPT_PLACES: usize = 1_024;

/// A call that waits.
#[derive(Debug)]
pub struct Entry {
    /// Its place among all calls.
    pub number: u64,
    /// Bytes that it keeps alive, roughly. Remembered: what it refers to may change while it waits.
    pub cost: usize,
    /// Since when it waits.
    pub since: Instant,
    call: Call,
    account: Option<Arc<Account>>,
}

impl Entry {
    /// A call that begins to wait. It counts on its account from here on.
    pub fn new(number: u64, call: Call, account: Option<Arc<Account>>) -> Self {
        let cost = call.cost();
        if let Some(account) = &account {
            account.charge(cost, call.class() == Class::Kept);
        }
        Self { number, cost, since: Instant::now(), call, account }
    }

    /// It does not wait any more.
    pub fn settle(self) -> (Call, Option<Arc<Account>>) {
        if let Some(account) = &self.account {
            account.settle(self.cost, self.call.class() == Class::Kept);
        }
        (self.call, self.account)
    }
}

/// Calls in order. Its memory is that of what it holds: a burst leaves no places behind.
#[derive(Debug, Default)]
pub struct Lane {
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl Lane {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes that they keep alive, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The oldest one's place among all calls; without one that of none.
    pub fn number(&self) -> u64 {
        self.entries.front().map_or(u64::MAX, |entry| entry.number)
    }

    /// Since when the oldest one waits.
    pub fn since(&self) -> Option<Instant> {
        self.entries.front().map(|entry| entry.since)
    }

    /// The oldest one.
    pub fn first(&self) -> Option<&Call> {
        self.entries.front().map(|entry| &entry.call)
    }

    /// Puts one in behind the others.
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.cost;
        self.entries.push_back(entry);
    }

    /// Takes the oldest one.
    pub fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.cost;
        let capacity = self.entries.capacity();
        if capacity > KEPT_PLACES && self.entries.len() < capacity / 8 {
            self.entries.shrink_to(self.entries.len() * 2);
        }
        Some(entry)
    }
}

#[cfg(test)]
impl Lane {
    /// Places for calls, taken or not.
    pub fn places(&self) -> usize {
        self.entries.capacity()
    }
}
