//! What one connection causes the host to be told, and is still to be told.

use crate::engine::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// The calls of a connection that wait in the queue.
#[derive(Debug, Default)]
pub struct Account {
    calls: AtomicUsize,
    bytes: AtomicUsize,
    /// Why its connection is not read: bits of `back_pressure`; 0: it is.
    held: AtomicU8,
}

impl Account {
    /// A call begins to wait; `kept`: one that must not be lost, and is no event.
    pub fn charge(&self, bytes: usize, kept: bool) {
        self.calls.fetch_add(usize::from(kept), Ordering::SeqCst);
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
    }

    /// The host took one.
    pub fn settle(&self, bytes: usize, kept: bool) {
        self.calls.fetch_sub(usize::from(kept), Ordering::SeqCst);
        self.bytes.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// Calls that wait, without events.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Bytes of the calls that wait, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    /// Adds a reason why its connection is not read.
    pub fn hold(&self, why: u8) {
        self.held.fetch_or(why, Ordering::SeqCst);
    }

    /// Why its connection is not read.
    pub fn held(&self) -> u8 {
        self.held.load(Ordering::SeqCst)
    }

    /// Its connection is read on.
    pub fn let_go(&self) {
        self.held.store(0, Ordering::SeqCst);
    }
}

/// What of the queue has become so little that it is filled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ebb {
    /// Events for listeners.
    pub events: bool,
    /// What must not be lost.
    pub calls: bool,
}
