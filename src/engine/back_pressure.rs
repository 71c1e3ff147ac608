//! What must not be lost is bounded by not reading on: a connection that causes the host to be told more than it takes is paused.
//!
//! A connection may always have a few calls waiting, so that nobody pays for what others do; and never more than its share, so that nobody
//! fills the queue alone. Between the two it is read as long as the queue has room. `docs/design/back-pressure.md` says why.

use std::collections::HashMap;

use super::{
    host::{Account, Ebb},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering, fence},
        lock,
    },
};

/// Calls of one connection that may wait whatever else does.
const ALWAYS: usize = 4;
/// The part of `limits.hookQueue` that one connection may fill.
const SHARE: usize = 16;
/// Bytes of one connection's calls that wait, from which on it is not read.
const MAX_OWN_BYTES: usize = 1 << 20;

/// The lane of events for listeners is full.
const EVENTS: u8 = 1;
/// The lane of what must not be lost is full.
const CALLS: u8 = 2;
/// The connection has its share.
const OWN: u8 = 4;

/// A connection, as far as this is concerned.
pub trait Peer: Clone {
    /// Its calls that wait.
    fn account(&self) -> &Account;
    /// It is not read on.
    fn pause(&self);
    /// It is read on.
    fn resume(&self);
    /// Whether it is there.
    fn is_open(&self) -> bool;
}

/// A call that its connection counts for.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// It is an event for listeners.
    pub flows: bool,
    /// More of its kind waits than should.
    pub full: bool,
}

/// Connections that are not read until the host took calls.
#[derive(Debug)]
pub struct BackPressure<P> {
    most_own: usize,
    /// A std mutex: held to pause one connection, or to look at those of which the host took something.
    held: Mutex<Held<P>>,
    /// Whether there are any: spares the lock above.
    holds: AtomicBool,
}

/// Each connection once, by its account. One is looked at when the host took something of it, or when the lane it waits for has ebbed: never
/// with all the others at each call.
#[derive(Debug)]
struct Held<P> {
    /// Until the host took enough of their own calls.
    own: HashMap<usize, P>,
    /// Until the lane of events has ebbed.
    events: HashMap<usize, P>,
    /// Until the lane of what must not be lost has ebbed, or they have only a few there.
    calls: HashMap<usize, P>,
}

/// What a connection waits for.
enum Wait {
    Own,
    Events,
    Calls,
}

impl<P: Peer> BackPressure<P> {
    /// Nobody is paused. `max_items`: how many calls the queue is to hold.
    pub fn new(max_items: usize) -> Self {
        let held = Held { own: HashMap::new(), events: HashMap::new(), calls: HashMap::new() };
        Self {
            most_own: (max_items / SHARE).max(ALWAYS),
            held: Mutex::new(held),
            holds: AtomicBool::new(false),
        }
    }

    /// Connections that are not read.
    pub fn count(&self) -> usize {
        lock(&self.held).count()
    }

    /// A connection caused a call, which is in the queue by now: pauses it if it has too much there.
    pub fn charge(&self, peer: &P, charge: Charge, ebb: impl FnOnce() -> Ebb) {
        let account = peer.account();
        let why = if charge.full && charge.flows {
            EVENTS
        } else if charge.full && account.calls() > ALWAYS {
            CALLS
        } else if account.bytes() > MAX_OWN_BYTES || account.calls() > self.most_own {
            OWN
        } else {
            return;
        };
        let mut held = lock(&self.held);
        // Paused and remembered in one step: one that is remembered and not paused yet could be resumed first, and then never again.
        peer.pause();
        account.hold(why);
        held.own.entry(key(account)).or_insert_with(|| peer.clone());
        self.holds.store(true, Ordering::SeqCst);
        // The host may have taken everything by now, and will not look again.
        fence(Ordering::SeqCst);
        self.review(&mut held, key(account), ebb());
        self.holds.store(held.count() > 0, Ordering::SeqCst);
    }

    /// The host took calls of these accounts: those that are not to wait any more are read on.
    pub fn taken<'a>(&self, accounts: impl IntoIterator<Item = &'a Account>, ebb: impl FnOnce() -> Ebb) {
        fence(Ordering::SeqCst);
        if !self.holds.load(Ordering::SeqCst) {
            return;
        }
        let mut held = lock(&self.held);
        let ebb = ebb();
        for account in accounts {
            self.review(&mut held, key(account), ebb);
        }
        for lane in [
            ebb.events.then(|| std::mem::take(&mut held.events)),
            ebb.calls.then(|| std::mem::take(&mut held.calls)),
        ] {
            for (key, peer) in lane.into_iter().flatten() {
                held.own.insert(key, peer);
                self.review(&mut held, key, ebb);
            }
        }
        if held.count() == 0 {
            *held = Held { own: HashMap::new(), events: HashMap::new(), calls: HashMap::new() };
        }
        self.holds.store(held.count() > 0, Ordering::SeqCst);
    }

    /// Looks at one connection again.
    fn review(&self, held: &mut Held<P>, key: usize, ebb: Ebb) {
        let Some(peer) = held.take(key) else { return };
        // Others may be on a connection whose end nobody waits for.
        let wait = if peer.is_open() { self.wait(peer.account(), ebb) } else { None };
        match wait {
            Some(Wait::Own) => held.own.insert(key, peer),
            Some(Wait::Events) => held.events.insert(key, peer),
            Some(Wait::Calls) => held.calls.insert(key, peer),
            None => {
                peer.account().let_go();
                peer.resume();
                None
            }
        };
    }

    fn wait(&self, account: &Account, ebb: Ebb) -> Option<Wait> {
        let why = account.held();
        if account.bytes() > MAX_OWN_BYTES / 2 || account.calls() > self.most_own / 2 {
            Some(Wait::Own)
        } else if why & EVENTS != 0 && !ebb.events {
            Some(Wait::Events)
        } else if why & CALLS != 0 && !ebb.calls && account.calls() > ALWAYS / 2 {
            Some(Wait::Calls)
        } else {
            None
        }
    }
}

impl<P> Held<P> {
    fn count(&self) -> usize {
        self.own.len() + self.events.len() + self.calls.len()
    }

    fn take(&mut self, key: usize) -> Option<P> {
        let other = self.own.remove(&key).or_else(|| self.events.remove(&key));
        other.or_else(|| self.calls.remove(&key))
    }
}

/// An account stays where it is as long as its connection is held.
fn key(account: &Account) -> usize {
    std::ptr::from_ref(account).addr()
}
