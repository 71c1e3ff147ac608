//! A room's memory: one ring per kind of event.
//!
//! A ring's events and those that wait for `onCleanup` together are what memory holds; they stay readable until the cleanup
//! settled. `onLoad` is asked for what is older. Both touch the program's store, so for one kind they take turns: while a
//! cleanup is under way nobody can say which of its events the store already returns. A cleanup that has to wait lets no further load begin,
//! and the loads that waited for it come before the next one: neither keeps the other from its turn.

use std::{
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
};

use super::backlog::{Amount, Backlog};
use super::publication::Publication;

/// Most events of one cleanup call.
const CLEANUP_BATCH: usize = 256;

/// What a room remembers.
#[derive(Debug, Default)]
pub struct RoomLog {
    rings: HashMap<Arc<str>, Ring>,
    /// What waits for `onCleanup` in all rooms.
    backlog: Arc<Backlog>,
}

impl Drop for RoomLog {
    fn drop(&mut self) {
        self.rings.values().for_each(|ring| self.backlog.remove(ring.waits()));
    }
}

/// What becomes of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// It may begin.
    Begins,
    /// It waits for a cleanup: its ticket is handed out once that settled.
    Waits,
    /// Too many wait.
    Refused,
}

/// The events of one kind, oldest first.
#[derive(Default)]
struct Ring {
    events: VecDeque<Arc<Publication>>,
    bytes: usize,
    /// Evicted, and not yet handed over; older than `events`.
    evicted: VecDeque<Arc<Publication>>,
    evicted_bytes: usize,
    /// How many of `evicted` are with `onCleanup` at this moment; 0: none.
    cleaning: usize,
    /// Loads that are under way.
    loading: usize,
    /// A cleanup waits for the loads that are under way.
    due: bool,
    /// Tickets of loads that wait for a cleanup to settle.
    waiting: Vec<u64>,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Ring")
            .field("events", &self.events.len())
            .field("evicted", &self.evicted.len())
            .finish_non_exhaustive()
    }
}

impl RoomLog {
    /// One that holds nothing, and counts what waits in `backlog`.
    pub fn new(backlog: Arc<Backlog>) -> Self {
        Self { rings: HashMap::new(), backlog }
    }

    /// Adds an event, and evicts what is then too much. Evicted ones are kept for a cleanup, or forgotten.
    pub fn append(&mut self, event: Arc<Publication>, limit: usize, max_bytes: u64, keep_evicted: bool) {
        let ring = self.rings.entry(event.name.clone()).or_default();
        ring.bytes += event.size();
        ring.events.push_back(event);
        while ring.events.len() > limit || ring.bytes as u64 > max_bytes {
            if !ring.evict(keep_evicted.then_some(&*self.backlog)) {
                break;
            }
        }
    }

    /// Takes the next batch for `onCleanup`, unless one is out, or a load is under way.
    pub fn next_cleanup(&mut self, name: &str) -> Option<Vec<Arc<Publication>>> {
        let ring = self.rings.get_mut(name)?;
        if ring.cleaning > 0 || ring.evicted.is_empty() {
            return None;
        }
        ring.due = ring.loading > 0;
        if ring.due {
            return None;
        }
        ring.cleaning = ring.evicted.len().min(CLEANUP_BATCH);
        Some(ring.evicted.iter().take(ring.cleaning).cloned().collect())
    }

    /// A cleanup settled: memory lets go of its events. Returns the loads that waited for it, which have begun by this.
    pub fn cleaned(&mut self, name: &str) -> Vec<u64> {
        let Some(ring) = self.rings.get_mut(name) else { return Vec::new() };
        let bytes = ring.evicted.drain(..ring.cleaning).map(|event| event.size()).sum();
        ring.evicted_bytes -= bytes;
        self.backlog.remove(Amount { items: ring.cleaning, bytes });
        ring.cleaning = 0;
        if ring.evicted.is_empty() {
            ring.evicted = VecDeque::new();
        }
        ring.loading += ring.waiting.len();
        std::mem::take(&mut ring.waiting)
    }

    /// Evicts what each kind has above its limit. Returns the kinds that have something to hand over.
    pub fn trim(&mut self, limit: impl Fn(&str) -> usize, keep_evicted: bool) -> Vec<Arc<str>> {
        let keep = keep_evicted.then_some(&*self.backlog);
        for (name, ring) in &mut self.rings {
            let limit = limit(name);
            while ring.events.len() > limit && ring.evict(keep) {}
            if ring.events.is_empty() {
                ring.events = VecDeque::new();
            }
        }
        self.rings.iter().filter(|(_, ring)| !ring.evicted.is_empty()).map(|(name, _)| name.clone()).collect()
    }

    /// Evicts everything, for a room that ends. Returns the kinds that have something to hand over.
    pub fn evict_all(&mut self, keep_evicted: bool) -> Vec<Arc<str>> {
        self.trim(|_| 0, keep_evicted)
    }

    /// Whether memory holds nothing.
    pub fn is_empty(&self) -> bool {
        self.rings.values().all(|ring| ring.events.is_empty() && ring.evicted.is_empty())
    }

    /// Whether this kind may be stored: what waits for `onCleanup`, of this kind and in all rooms, leaves room for it.
    pub fn has_room(&self, name: &str, max_items: u64, max_bytes: u64) -> bool {
        let own = self.rings.get(name).map_or(Amount::default(), Ring::waits);
        self.backlog.has_room(own, max_items, max_bytes)
    }

    /// How many events of this kind memory holds.
    pub fn count(&self, name: &str) -> usize {
        self.rings.get(name).map_or(0, Ring::len)
    }

    /// Events of one kind, newest first; `start` 0 is the newest, `end` exclusive.
    pub fn page(&self, name: &str, start: usize, end: usize) -> Vec<Arc<Publication>> {
        let Some(ring) = self.rings.get(name) else { return Vec::new() };
        (start..end.min(ring.len())).filter_map(|place| ring.nth_newest(place)).cloned().collect()
    }

    /// The newest events of all kinds, at most `per_kind` of each, merged, newest first; `start` 0 is the newest, `end` exclusive.
    ///
    /// The cost is that of the page: what is newer is counted by bisection, never walked.
    pub fn merged(&self, per_kind: usize, start: usize, end: usize) -> Vec<Arc<Publication>> {
        // Offsets are the order of arrival, which is that of time, and they have no ties.
        let rings: Vec<_> = self.rings.values().map(|ring| (ring, ring.len().min(per_kind))).collect();
        let total: usize = rings.iter().map(|(_, held)| held).sum();
        if start >= end.min(total) {
            return Vec::new();
        }
        let newer = |offset: u64| rings.iter().map(move |(ring, held)| ring.count_from(offset, *held));
        // The largest offset that `start` events have, or are newer.
        let (mut low, mut high) = (0, u64::MAX);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if newer(middle).sum::<usize>() >= start {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        let mut places: Vec<usize> = newer(low).collect();
        let at = |index: usize, place: usize| {
            let (ring, held) = rings[index];
            (place < held).then(|| ring.nth_newest(place)).flatten()
        };
        let mut next: BinaryHeap<_> = (0..rings.len())
            .filter_map(|index| at(index, places[index]).map(|event| (event.offset, index)))
            .collect();
        let mut page = Vec::with_capacity(end.min(total) - start);
        while page.len() < page.capacity()
            && let Some((_, index)) = next.pop()
        {
            page.extend(at(index, places[index]).cloned());
            places[index] += 1;
            next.extend(at(index, places[index]).map(|event| (event.offset, index)));
        }
        page
    }

    /// Begins a load, or has it wait under the ticket that `wait` gives.
    pub fn begin_load(&mut self, name: &Arc<str>, most: u64, wait: impl FnOnce() -> u64) -> Load {
        let ring = self.rings.entry(name.clone()).or_default();
        if ring.cleaning == 0 && !ring.due {
            ring.loading += 1;
            return Load::Begins;
        }
        if ring.waiting.len() as u64 >= most {
            return Load::Refused;
        }
        ring.waiting.push(wait());
        Load::Waits
    }

    /// Forgets everything. Returns the loads that waited for cleanups.
    pub fn reset(&mut self) -> Vec<u64> {
        let old = std::mem::replace(self, Self::new(self.backlog.clone()));
        old.rings.values().flat_map(|ring| ring.waiting.iter().copied()).collect()
    }

    /// A load settled.
    pub fn end_load(&mut self, name: &str) {
        if let Some(ring) = self.rings.get_mut(name) {
            ring.loading = ring.loading.saturating_sub(1);
        }
    }
}

impl Ring {
    /// Evicts the oldest; where there is a backlog it waits for a cleanup.
    fn evict(&mut self, keep: Option<&Backlog>) -> bool {
        let Some(oldest) = self.events.pop_front() else { return false };
        self.bytes -= oldest.size();
        if let Some(backlog) = keep {
            backlog.add(oldest.size());
            self.evicted_bytes += oldest.size();
            self.evicted.push_back(oldest);
        }
        true
    }

    /// What waits for a cleanup.
    fn waits(&self) -> Amount {
        Amount { items: self.evicted.len(), bytes: self.evicted_bytes }
    }

    fn len(&self) -> usize {
        self.events.len() + self.evicted.len()
    }

    /// 0 is the newest.
    fn nth_newest(&self, place: usize) -> Option<&Arc<Publication>> {
        match self.events.len().checked_sub(place + 1) {
            Some(index) => self.events.get(index),
            None => self.evicted.get(self.len().checked_sub(place + 1)?),
        }
    }

    /// How many of the `held` newest have this offset or a larger one.
    fn count_from(&self, offset: u64, held: usize) -> usize {
        let older = |event: &Arc<Publication>| event.offset < offset;
        let (evicted, events) = (self.evicted.partition_point(older), self.events.partition_point(older));
        (self.len() - evicted - events).min(held)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::engine::{event::Draft, payload::Payload, rooms::Origin};

    fn origin() -> Arc<Origin> {
        Arc::new(Origin { key: 1, room: "r".into(), epoch: "e".into() })
    }

    fn event(name: &str, offset: u64) -> Arc<Publication> {
        let draft = Draft {
            name: name.into(),
            from: "u".into(),
            data: Some(Payload::plain("1")),
            meta: None,
            timestamp: None,
        };
        Arc::new(Publication::new(origin(), &draft, 0, offset))
    }

    fn offsets(events: &[Arc<Publication>]) -> Vec<u64> {
        events.iter().map(|event| event.offset).collect()
    }

    #[test]
    fn evicted_events_stay_readable_until_the_cleanup_settled() {
        let mut log = RoomLog::default();
        for offset in 1..=5 {
            log.append(event("a", offset), 2, u64::MAX, true);
        }
        assert_eq!(offsets(&log.page("a", 0, 10)), [5, 4, 3, 2, 1]);
        assert_eq!(offsets(&log.next_cleanup("a").unwrap()), [1, 2, 3]);
        log.append(event("a", 6), 2, u64::MAX, true);
        assert!(log.next_cleanup("a").is_none(), "one at a time");
        assert_eq!(log.count("a"), 6);
        log.cleaned("a");
        assert_eq!(offsets(&log.page("a", 1, 10)), [5, 4]);
        assert_eq!(offsets(&log.next_cleanup("a").unwrap()), [4]);
    }

    #[test]
    fn loads_and_cleanups_take_turns() {
        let mut log = RoomLog::default();
        log.append(event("a", 1), 1, u64::MAX, true);
        let begin = |log: &mut RoomLog, ticket| log.begin_load(&"a".into(), 2, || ticket);
        assert_eq!(begin(&mut log, 0), Load::Begins);
        assert_eq!(begin(&mut log, 0), Load::Begins);
        log.append(event("a", 2), 1, u64::MAX, true);
        assert!(log.next_cleanup("a").is_none(), "loads are under way");
        assert_eq!(begin(&mut log, 1), Load::Waits, "the cleanup's turn is next");
        log.end_load("a");
        assert!(log.next_cleanup("a").is_none());
        log.end_load("a");
        assert!(log.next_cleanup("a").is_some());
        assert_eq!(begin(&mut log, 2), Load::Waits);
        assert_eq!(begin(&mut log, 3), Load::Refused);
        assert_eq!(log.cleaned("a"), [1, 2]);
        log.append(event("a", 3), 1, u64::MAX, true);
        assert!(log.next_cleanup("a").is_none(), "the turn of those that waited");
        log.end_load("a");
        log.end_load("a");
        assert!(log.next_cleanup("a").is_some());
    }

    #[test]
    fn bytes_bound_a_ring_as_well_as_its_limit() {
        let mut log = RoomLog::default();
        let size = event("a", 1).size() as u64;
        for offset in 1..=9 {
            log.append(event("a", offset), 100, 3 * size, false);
        }
        assert_eq!(offsets(&log.page("a", 0, 10)), [9, 8, 7]);
        assert!(log.next_cleanup("a").is_none());
    }

    #[test]
    fn kinds_are_merged_newest_first() {
        let mut log = RoomLog::default();
        for offset in 1..=6 {
            log.append(event(if offset % 2 == 0 { "even" } else { "odd" }, offset), 10, u64::MAX, false);
        }
        assert_eq!(offsets(&log.merged(usize::MAX, 1, 4)), [5, 4, 3]);
        assert_eq!(offsets(&log.merged(1, 0, 10)), [6, 5]);
    }

    #[test]
    fn every_page_of_a_merge_is_that_of_the_whole() {
        let mut log = RoomLog::default();
        let mut random = 7_u64;
        for offset in 1..=60 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            log.append(
                event(["a", "b", "c", "d"][(random >> 60) as usize % 4], offset),
                9,
                u64::MAX,
                offset % 3 == 0,
            );
        }
        for per_kind in [0, 1, 5, usize::MAX] {
            let mut whole: Vec<u64> =
                log.rings.keys().flat_map(|name| offsets(&log.page(name, 0, per_kind))).collect();
            whole.sort_unstable_by_key(|offset| std::cmp::Reverse(*offset));
            assert_eq!(offsets(&log.merged(per_kind, 0, usize::MAX)), whole);
            for start in 0..=whole.len() + 1 {
                for end in start..=whole.len() + 2 {
                    let expected = whole.get(start..end.min(whole.len())).unwrap_or_default();
                    assert_eq!(offsets(&log.merged(per_kind, start, end)), expected, "{start} to {end}");
                }
            }
        }
    }

    #[test]
    fn a_page_far_behind_costs_what_the_first_one_does() {
        let mut log = RoomLog::default();
        for offset in 1..=60_000 {
            log.append(event(["a", "b", "c"][offset as usize % 3], offset), 20_000, u64::MAX, false);
        }
        let walked = Instant::now();
        let mut all: Vec<_> = log.rings.values().flat_map(|ring| ring.events.iter().cloned()).collect();
        all.sort_unstable_by_key(|event| std::cmp::Reverse(event.offset));
        let expected = offsets(&all[59_000..59_050]);
        let walked = walked.elapsed();
        let read = Instant::now();
        assert_eq!(offsets(&log.merged(usize::MAX, 59_000, 59_050)), expected);
        // Room for a machine that is busy: it is some hundred times less.
        assert!(read.elapsed() < walked / 4, "{:?} of {walked:?}", read.elapsed());
    }

    #[test]
    fn a_limit_that_is_lowered_evicts_at_once() {
        let mut log = RoomLog::default();
        for offset in 1..=10 {
            log.append(event(if offset % 2 == 0 { "even" } else { "odd" }, offset), 10, u64::MAX, true);
        }
        let limit = |name: &str| if name == "odd" { 2 } else { 9 };
        let kinds: Vec<_> = log.trim(limit, true).iter().map(|name| name.to_string()).collect();
        assert_eq!(kinds, ["odd"]);
        assert_eq!(offsets(&log.next_cleanup("odd").unwrap()), [1, 3, 5]);
        assert_eq!(offsets(&log.page("odd", 0, 10)), [9, 7, 5, 3, 1], "readable until the cleanup settled");
        log.cleaned("odd");
        assert_eq!(offsets(&log.page("odd", 0, 10)), [9, 7]);
        assert!(log.trim(|_| 0, false).is_empty(), "without a cleanup they are forgotten");
        assert!(log.is_empty());
    }
}
