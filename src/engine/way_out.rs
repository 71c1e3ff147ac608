//! The way out of one HTTP connection: whether its peer takes what is written, and what is kept until that is out.
//!
//! hyper takes an answer's body long before the peer has it. So it is the socket that is watched here: a write that could not go on for
//! `limits.httpTimeout` ends the connection, and what belongs to an answer (a place, bytes that count) is let go of when everything in front of
//! a flush is the kernel's.

mod outgoing;
mod watched;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    time::{Duration, Instant},
};

pub use self::{
    outgoing::Outgoing,
    watched::{Resets, Watched},
};
use super::lock::lock;
use slab::Slab;
use smallvec::SmallVec;

/// Nothing waits for the peer.
const NEVER: u64 = u64::MAX;
/// The connection is to end.
const CUT: u64 = 0;
/// Bytes of one connection's that are more than a stream has waiting.
const LARGE: usize = 512 * 1024;
/// Milliseconds of taking nothing, from which on a peer is not one that reads slowly.
const IDLE: u64 = 1_000;
/// The same while as much waits as may. More than a round trip, in which every reader takes nothing.
const IDLE_WHEN_FULL: u64 = 300;
/// Milliseconds from one look for what to end to the next.
const SHED_PAUSE: u64 = 5;

/// Something that belongs to an answer. Dropped without a word: the answer did not get out.
pub trait Unwritten: Send {
    /// The answer is out.
    fn written(self: Box<Self>);

    /// Whether a connection keeps one of its kind at most. A client may send requests without waiting for answers: a connection that does not
    /// read holds one place, and not one for each.
    fn is_one(&self) -> bool {
        false
    }
}

/// The ways of all connections of a server.
#[derive(Debug)]
pub struct WaysOut {
    start: Instant,
    /// Milliseconds for which a peer may take nothing.
    patience: u64,
    /// Milliseconds of taking nothing, from which on a peer does not count as one that reads.
    idle: u64,
    /// The same while as much waits as may.
    idle_when_full: u64,
    /// Most bytes of the app's answers that may wait, in all.
    most: usize,
    /// Bytes of them that wait.
    waiting: AtomicUsize,
    /// Connections that were ended since so much waited, since this was last asked.
    shed: AtomicU64,
    /// When it was last looked whether some are to be ended for that.
    shed_at: AtomicU64,
    /// A std mutex: held to put in or take out one, or to look at all.
    ways: Mutex<Slab<Arc<WayOut>>>,
}

/// One of them.
pub struct WayOut {
    all: Arc<WaysOut>,
    /// When the peer will have taken nothing for too long: milliseconds since the start, and one.
    due: AtomicU64,
    /// What is written comes from the server behind, whose business its patience is.
    relays: AtomicBool,
    /// Bytes of the app's answers that wait.
    waiting: AtomicUsize,
    /// Those of them that hyper has. They are out when it has nothing left.
    taken: AtomicUsize,
    /// Whether there is something in `kept`: spares its lock.
    keeps: AtomicBool,
    /// A std mutex: held to put in one or to take all.
    kept: Mutex<Kept>,
    /// The connection is gone.
    over: AtomicBool,
    /// The app's answer to a request is waited for.
    awaits: AtomicBool,
    /// hyper waits until the socket can be read: it notices a peer that is gone by itself.
    listens: AtomicBool,
    /// The connection's task. A std mutex: held to replace it.
    task: Mutex<Option<Waker>>,
}

#[derive(Default)]
struct Kept {
    all: SmallVec<[Box<dyn Unwritten>; 1]>,
    /// The connection is gone.
    over: bool,
}

impl std::fmt::Debug for WayOut {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("WayOut").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl WaysOut {
    /// None. `most`: bytes of the app's answers that may wait.
    pub fn new(patience: Duration, most: u64) -> Arc<Self> {
        Self::with_idle(patience, most, [IDLE, IDLE_WHEN_FULL])
    }

    fn with_idle(patience: Duration, most: u64, [idle, idle_when_full]: [u64; 2]) -> Arc<Self> {
        Arc::new(Self {
            idle,
            idle_when_full,
            start: Instant::now(),
            patience: u64::try_from(patience.as_millis()).unwrap_or(NEVER),
            most: usize::try_from(most).unwrap_or(usize::MAX),
            waiting: AtomicUsize::new(0),
            shed: AtomicU64::new(0),
            shed_at: AtomicU64::new(0),
            ways: Mutex::default(),
        })
    }

    /// A connection's socket, watched.
    pub fn watch<S>(self: &Arc<Self>, socket: S) -> Watched<S> {
        let way = Arc::new(WayOut {
            all: self.clone(),
            due: AtomicU64::new(NEVER),
            relays: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            keeps: AtomicBool::new(false),
            kept: Mutex::default(),
            over: AtomicBool::new(false),
            awaits: AtomicBool::new(false),
            listens: AtomicBool::new(false),
            task: Mutex::new(None),
        });
        let key = lock(&self.ways).insert(way.clone());
        Watched::new(socket, way, key)
    }

    /// Ends the connections whose peers took nothing for too long; how many those were. Those that do not listen look for the end of theirs.
    pub fn look(&self) -> usize {
        let now = self.now();
        let (mut overdue, mut deaf) = (Vec::new(), Vec::new());
        for (_, way) in &*lock(&self.ways) {
            if way.is_due(now) {
                overdue.push(way.clone());
            } else if way.is_deaf() {
                deaf.extend(lock(&way.task).clone());
            }
        }
        deaf.into_iter().for_each(Waker::wake);
        self.shed_if_full();
        overdue.iter().filter(|way| way.cut()).count()
    }

    fn shed_if_full(&self) {
        let waiting = self.waiting.load(Ordering::Acquire);
        if waiting <= self.most / 2 {
            return;
        }
        // Each looks at all connections.
        let (now, pause) = (self.now(), if waiting > self.most { SHED_PAUSE } else { SHED_PAUSE * 20 });
        let last = self.shed_at.load(Ordering::Acquire);
        if last.saturating_add(pause) <= now
            && self.shed_at.compare_exchange(last, now, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        {
            self.shed(now);
        }
    }

    /// Bytes of the app's answers that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many connections were ended since too much waited, since this was last asked.
    pub fn take_shed(&self) -> u64 {
        self.shed.swap(0, Ordering::Relaxed)
    }

    /// Ends connections until less waits than may, those first whose peers have taken nothing for longest: of all that wait, from half of the
    /// bound on, those that have taken nothing for a second or so; of large answers, at the bound, any that is not being taken now. So a client that
    /// reads slowly loses no small answer and no stream, which costs little in any case, and a single answer may be of any size.
    fn shed(&self, now: u64) {
        let mut blocked: Vec<_> = Vec::new();
        let (mut waiting, mut large) = (0_usize, 0_usize);
        for (_, way) in &*lock(&self.ways) {
            let due = way.due.load(Ordering::Acquire);
            let bytes = way.waiting.load(Ordering::Acquire);
            if due == CUT || bytes == 0 {
                continue;
            }
            waiting += bytes;
            large += if bytes > LARGE { bytes } else { 0 };
            if due != NEVER {
                blocked.push((due.saturating_sub(self.patience), bytes, way.clone()));
            }
        }
        blocked.sort_unstable_by_key(|(since, ..)| *since);
        // What is not large counts too, and leaves them half at least. Somewhat less than may, so that not each further answer looks at all of
        // them.
        let enough = if waiting > self.most {
            (self.most - self.most / 8).saturating_sub(waiting - large).max(self.most / 2)
        } else {
            usize::MAX
        };
        for (since, bytes, way) in blocked {
            let idle = if waiting > self.most { self.idle_when_full } else { self.idle };
            let is_idle = since.saturating_add(idle) <= now && waiting > self.most / 2;
            let is_large = bytes > LARGE && large > enough;
            if (is_idle || is_large) && way.cut() {
                waiting -= bytes;
                large -= if bytes > LARGE { bytes } else { 0 };
                self.shed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis() + 1).unwrap_or(NEVER - 1)
    }
}

impl WayOut {
    /// Whether what is written from now on comes from the server behind.
    pub fn relay(&self, relays: bool) {
        self.relays.store(relays, Ordering::Relaxed);
    }

    /// Whether the app's answer to a request is waited for.
    pub fn awaits(&self, awaits: bool) {
        self.awaits.store(awaits, Ordering::Relaxed);
    }

    /// Whether an answer is waited for and nothing would say that its peer is gone: hyper does not read while a request's body is not read, or
    /// while it has the next request already.
    fn is_deaf(&self) -> bool {
        self.awaits.load(Ordering::Relaxed) && !self.listens.load(Ordering::Relaxed)
    }

    /// So many bytes of an app's answer wait for the peer.
    pub fn wait(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.waiting.fetch_add(bytes, Ordering::AcqRel);
        self.all.waiting.fetch_add(bytes, Ordering::AcqRel);
        self.all.shed_if_full();
    }

    /// hyper has so many of them.
    pub fn take(&self, bytes: usize) {
        self.taken.fetch_add(bytes, Ordering::SeqCst);
        // One of the two, this and the end of the connection, sees the other.
        if self.over.load(Ordering::SeqCst) {
            self.forget(self.taken.swap(0, Ordering::SeqCst));
        }
    }

    /// So many of them will not be written.
    pub fn forget(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::AcqRel);
        self.all.waiting.fetch_sub(bytes, Ordering::AcqRel);
    }

    /// Keeps something until all that was written is out.
    pub fn keep(&self, unwritten: Box<dyn Unwritten>) {
        let mut kept = lock(&self.kept);
        let is_kept = unwritten.is_one() && kept.all.iter().any(|kept| kept.is_one());
        if !kept.over && !is_kept {
            kept.all.push(unwritten);
            self.keeps.store(true, Ordering::Release);
        }
        // Otherwise it is dropped, behind the lock.
    }

    /// Ends the connection if its peer takes nothing at this moment.
    pub fn cut_if_blocked(&self) {
        if self.due.load(Ordering::Acquire) != NEVER {
            self.cut();
        }
    }

    /// Ends the connection. `true`: this did.
    fn cut(&self) -> bool {
        if self.due.swap(CUT, Ordering::AcqRel) == CUT {
            return false;
        }
        let task = lock(&self.task).take();
        if let Some(task) = task {
            task.wake();
        }
        true
    }

    fn is_due(&self, now: u64) -> bool {
        let due = self.due.load(Ordering::Acquire);
        due != CUT && due <= now
    }

    fn is_cut(&self) -> bool {
        self.due.load(Ordering::Acquire) == CUT
    }

    /// The peer took something.
    fn went_on(&self) {
        let due = self.due.load(Ordering::Acquire);
        if due != NEVER && due != CUT {
            let _ = self.due.compare_exchange(due, NEVER, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// The task that the connection runs in.
    fn is_of(&self, context: &Context<'_>) {
        let mut task = lock(&self.task);
        if !task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            *task = Some(context.waker().clone());
        }
    }

    /// The peer takes nothing now. `false`: the connection was cut.
    fn is_blocked(&self, context: &Context<'_>) -> bool {
        self.is_of(context);
        if !self.relays.load(Ordering::Relaxed) {
            let due = self.all.now().saturating_add(self.all.patience).min(NEVER - 1);
            let _ = self.due.compare_exchange(NEVER, due, Ordering::AcqRel, Ordering::Relaxed);
        }
        // Behind that, so that whoever cuts it now finds whom to wake.
        !self.is_cut()
    }

    /// Nothing is left that hyper has not handed on.
    fn is_out(&self) {
        let taken = self.taken.swap(0, Ordering::AcqRel);
        if taken > 0 {
            self.forget(taken);
        }
        if self.keeps.swap(false, Ordering::AcqRel) {
            let kept = std::mem::take(&mut lock(&self.kept).all);
            kept.into_iter().for_each(Unwritten::written);
        }
    }
}

#[cfg(test)]
mod tests;
