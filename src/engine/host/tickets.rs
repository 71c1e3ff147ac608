//! What the host was asked and has not answered.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::engine::{lock::lock, payload::Payload};

/// The host's answer to a call that has a ticket.
#[derive(Debug)]
pub enum Answer {
    /// `onCleanup` settled.
    Cleaned,
    /// `onLoad` gave these `EventMessage`s, newest first.
    Loaded(Vec<Payload>),
    /// Not the host's: it is the turn of a load that waited for a cleanup.
    Turn,
    /// The hook failed, or did not answer in time.
    Failed,
}

type Waiter = Box<dyn FnOnce(Answer) + Send>;

/// Questions by number. Each is answered once; a late or made-up answer is nothing.
#[derive(Default)]
pub struct Tickets {
    next: AtomicU64,
    /// A std mutex: held to put in or take out one; never while a waiter runs.
    waiting: Mutex<HashMap<u64, Waiter>>,
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Tickets").field("waiting", &lock(&self.waiting).len()).finish()
    }
}

impl Tickets {
    /// A new number, from 1.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Remembers who waits for the answer, and says under which number.
    pub fn issue(&self, waiter: impl FnOnce(Answer) + Send + 'static) -> u64 {
        let ticket = self.number();
        lock(&self.waiting).insert(ticket, Box::new(waiter));
        ticket
    }

    /// Whether a question waits for its answer.
    pub fn is_open(&self, ticket: u64) -> bool {
        lock(&self.waiting).contains_key(&ticket)
    }

    /// Hands the answer to what waits for it. `false`: nothing does any more.
    pub fn answer(&self, ticket: u64, answer: Answer) -> bool {
        let waiter = lock(&self.waiting).remove(&ticket);
        let waits = waiter.is_some();
        if let Some(waiter) = waiter {
            waiter(answer);
        }
        waits
    }

    /// Nobody waits any more.
    pub fn forget(&self, ticket: u64) {
        lock(&self.waiting).remove(&ticket);
    }
}
