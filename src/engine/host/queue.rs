//! The one queue into the host: bounded in number and bytes, and as large as what it counts.

mod lane;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use self::lane::Lane;
use super::{Account, Call, Ebb, call::Class};
use crate::engine::{lock::lock, metrics::nanoseconds};

/// Bytes of calls that the host takes at once: it makes one text of them.
const BATCH_BYTES: usize = 1 << 20;
/// Lines of the log that wait at most.
const MAX_LINES: usize = 1_000;

/// The queue has no place for more of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue into the host is full")]
pub struct Full;

/// What became of a call that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The host is to be woken.
    pub wake: bool,
    /// More of its kind waits than should: the connection that caused it is not to be read on.
    pub full: bool,
}

/// What the queue lost since that was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Events that only observers were to be told of.
    pub events: u64,
    /// Lines of the log.
    pub lines: u64,
}

/// How much waits in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Calls.
    pub calls: usize,
    /// Bytes that they keep alive, roughly.
    pub bytes: usize,
    /// Nanoseconds for which the oldest has waited.
    pub oldest: u64,
    /// What was lost since the queue was made.
    pub dropped: Lost,
}

/// Calls in order, in a lane for each [class](Class), so that a lane that is full takes nothing from the others.
///
/// What only observes loses its oldest. What was asked for is refused ([`Queue::offer`]). What must not be lost goes in all the same: the
/// connection that causes it is not read on while its lane is full (`back_pressure.rs`).
#[derive(Debug)]
pub struct Queue {
    max_items: usize,
    max_bytes: usize,
    /// A std mutex: held to put in one call or take out a batch.
    state: Mutex<State>,
    /// Whether the host was woken and has not found the queue empty since.
    woken: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    lanes: [Lane; Class::COUNT],
    /// Number of the next call.
    next: u64,
    lost: Lost,
    /// What was lost and [taken note of](Queue::take_lost).
    told: Lost,
}

impl Queue {
    /// An empty queue.
    pub fn new(max_items: u64, max_bytes: u64) -> Self {
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Self {
            max_items: size(max_items),
            max_bytes: size(max_bytes),
            state: Mutex::default(),
            woken: AtomicBool::new(false),
        }
    }

    /// Puts a call in. `account`: of the connection that caused it; the call counts there until the host takes it.
    pub fn push(&self, call: Call, account: Option<Arc<Account>>) -> Pushed {
        let class = call.class();
        let mut state = lock(&self.state);
        state.put(class, call, account);
        self.lose_oldest(&mut state);
        let full = self.is_over(state.lane(class));
        drop(state);
        Pushed { wake: !self.woken.swap(true, Ordering::AcqRel), full }
    }

    /// Puts a call in, unless its lane is full. `true`: the host is to be woken.
    ///
    /// # Errors
    /// [`Full`].
    pub fn offer(&self, call: Call) -> Result<bool, Full> {
        let (class, cost) = (call.class(), call.cost());
        let mut state = lock(&self.state);
        let lane = state.lane(class);
        let fits = lane.len() < self.max_items && lane.bytes().saturating_add(cost) <= self.max_bytes;
        if class.is_refused_when_full() && !fits && !lane.is_empty() {
            return Err(Full);
        }
        state.put(class, call, None);
        drop(state);
        Ok(!self.woken.swap(true, Ordering::AcqRel))
    }

    /// Whether so much waits that must not be lost that those are not let in of whom the host would have to be told.
    pub fn is_full(&self) -> bool {
        let state = lock(&self.state);
        let lane = state.lane(Class::Kept);
        lane.len() >= self.max_items || lane.bytes() >= self.max_bytes
    }

    /// Whether so much was asked that a further question is refused.
    pub fn is_full_of_questions(&self) -> bool {
        let state = lock(&self.state);
        let lane = state.lane(Class::Asked);
        lane.len() >= self.max_items || lane.bytes() >= self.max_bytes
    }

    /// Takes up to `max` calls, oldest first, and fewer where they are large. An empty answer means that the host will be woken for the
    /// next: one that was woken goes on until it has that, and needs no waking until then.
    pub fn drain(&self, max: usize) -> Vec<Call> {
        self.take(max).0
    }

    /// The same, the accounts that they counted for, and since when the oldest waited.
    pub fn take(&self, max: usize) -> (Vec<Call>, Vec<Arc<Account>>, Option<Instant>) {
        let (mut accounts, mut since) = (Vec::new(), None);
        let mut state = lock(&self.state);
        let mut batch = Vec::with_capacity(max.min(state.len()));
        let mut bytes = 0;
        while batch.len() < max && bytes < BATCH_BYTES {
            let Some(entry) = state.take_first() else { break };
            bytes += entry.cost;
            since.get_or_insert(entry.since);
            let (call, account) = entry.settle();
            batch.push(call);
            accounts.extend(account);
        }
        if batch.is_empty() {
            // Under the lock: one who puts a call in behind this finds it so, and wakes.
            self.woken.store(false, Ordering::Release);
        }
        (batch, accounts, since)
    }

    /// Gives up the places of those in front that nobody waits for any more.
    pub fn forget(&self, is_waited_for: impl Fn(&Call) -> bool) {
        let mut state = lock(&self.state);
        let asked = &mut state.lanes[Class::Asked as usize];
        while asked.first().is_some_and(|call| !is_waited_for(call))
            && let Some(entry) = asked.pop()
        {
            drop(entry.settle());
        }
    }

    /// Whether so few events for listeners wait, and so few calls that must not be lost, that those who send more are read on.
    pub fn has_ebbed(&self) -> Ebb {
        let state = lock(&self.state);
        let has_ebbed = |class| {
            let lane = state.lane(class);
            lane.len() <= self.max_items / 2 && lane.bytes() <= self.max_bytes / 2
        };
        Ebb { events: has_ebbed(Class::Flowing), calls: has_ebbed(Class::Kept) }
    }

    /// Most calls that it is to hold of one class.
    pub fn max_items(&self) -> usize {
        self.max_items
    }

    /// Calls that wait.
    pub fn len(&self) -> usize {
        lock(&self.state).len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was lost since this was last asked.
    pub fn take_lost(&self) -> Lost {
        let mut state = lock(&self.state);
        let lost = std::mem::take(&mut state.lost);
        state.told = state.told.and(lost);
        lost
    }

    /// How much waits.
    pub fn state(&self) -> Waiting {
        let state = lock(&self.state);
        let since = state.lanes.iter().filter_map(Lane::since).min();
        Waiting {
            calls: state.len(),
            bytes: state.lanes.iter().map(Lane::bytes).sum(),
            oldest: since.map_or(0, nanoseconds),
            dropped: state.told.and(state.lost),
        }
    }

    fn is_over(&self, lane: &Lane) -> bool {
        lane.len() > self.max_items || lane.bytes() > self.max_bytes
    }

    /// What only observes has the room that what was asked and what must not be lost leave.
    fn lose_oldest(&self, state: &mut State) {
        let beside = [Class::Asked, Class::Kept].map(|class| {
            let lane = state.lane(class);
            (lane.len(), lane.bytes())
        });
        let (items, bytes) = beside.iter().fold((0, 0), |sum, lane| (sum.0 + lane.0, sum.1 + lane.1));
        let observed = &mut state.lanes[Class::Observed as usize];
        while items + observed.len() > self.max_items || bytes + observed.bytes() > self.max_bytes {
            let Some(entry) = observed.pop() else { break };
            drop(entry.settle());
            state.lost.events += 1;
        }
        let lines = &mut state.lanes[Class::Line as usize];
        while lines.len() > MAX_LINES
            && let Some(entry) = lines.pop()
        {
            drop(entry.settle());
            state.lost.lines += 1;
        }
    }
}

impl Lost {
    fn and(self, other: Self) -> Self {
        Self { events: self.events + other.events, lines: self.lines + other.lines }
    }
}

impl State {
    fn lane(&self, class: Class) -> &Lane {
        &self.lanes[class as usize]
    }

    fn len(&self) -> usize {
        self.lanes.iter().map(Lane::len).sum()
    }

    fn put(&mut self, class: Class, call: Call, account: Option<Arc<Account>>) {
        let number = self.next;
        self.next += 1;
        self.lanes[class as usize].push(lane::Entry::new(number, call, account));
    }

    fn take_first(&mut self) -> Option<lane::Entry> {
        let first = self.lanes.iter_mut().filter(|lane| !lane.is_empty()).min_by_key(|lane| lane.number())?;
        first.pop()
    }
}
