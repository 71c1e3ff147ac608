//! A room's memory: one ring per kind of event.
//!
//! A ring's events and those that wait for `onCleanup` together are what memory holds; they stay readable until the cleanup
//! settled. `onLoad` is asked for what is older. Both touch the program's store, so for one kind they take turns: while a
//! cleanup is under way nobody can say which of its events the store already returns.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use crate::engine::event::Event;

/// Most events of one cleanup call.
const CLEANUP_BATCH: usize = 256;

/// What a room remembers.
#[derive(Debug, Default)]
pub struct RoomLog {
    rings: HashMap<Arc<str>, Ring>,
}

/// Something to do once no cleanup is under way.
pub type Turn = Box<dyn FnOnce() + Send>;

/// The events of one kind, oldest first.
#[derive(Default)]
struct Ring {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Evicted, and not yet handed over; older than `events`.
    evicted: VecDeque<Arc<Event>>,
    evicted_bytes: usize,
    /// How many of `evicted` are with `onCleanup` at this moment; 0: none.
    cleaning: usize,
    /// Loads that are under way.
    loading: usize,
    /// Loads that wait for a cleanup to settle.
    waiting: Vec<Turn>,
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
    /// Adds an event, and evicts what is then too much. Evicted ones are kept for a cleanup, or forgotten.
    pub fn append(&mut self, event: Arc<Event>, limit: usize, max_bytes: u64, keep_evicted: bool) {
        let ring = self.rings.entry(event.name.clone()).or_default();
        ring.bytes += event.size();
        ring.events.push_back(event);
        while ring.events.len() > limit || ring.bytes as u64 > max_bytes {
            if !ring.evict(keep_evicted) {
                break;
            }
        }
    }

    /// Takes the next batch for `onCleanup`, unless one is out, or a load is under way.
    pub fn next_cleanup(&mut self, name: &str) -> Option<Vec<Arc<Event>>> {
        let ring = self.rings.get_mut(name)?;
        if ring.cleaning > 0 || ring.loading > 0 || ring.evicted.is_empty() {
            return None;
        }
        ring.cleaning = ring.evicted.len().min(CLEANUP_BATCH);
        Some(ring.evicted.iter().take(ring.cleaning).cloned().collect())
    }

    /// A cleanup settled: memory lets go of its events. Returns the loads that waited for it.
    pub fn cleaned(&mut self, name: &str) -> Vec<Turn> {
        let Some(ring) = self.rings.get_mut(name) else { return Vec::new() };
        for event in ring.evicted.drain(..ring.cleaning) {
            ring.evicted_bytes -= event.size();
        }
        ring.cleaning = 0;
        if ring.evicted.is_empty() {
            ring.evicted = VecDeque::new();
        }
        std::mem::take(&mut ring.waiting)
    }

    /// Evicts everything, for a room that ends. Returns the kinds that have something to hand over.
    pub fn evict_all(&mut self, keep_evicted: bool) -> Vec<Arc<str>> {
        for ring in self.rings.values_mut() {
            while ring.evict(keep_evicted) {}
        }
        self.rings.iter().filter(|(_, ring)| !ring.evicted.is_empty()).map(|(name, _)| name.clone()).collect()
    }

    /// Whether memory holds nothing.
    pub fn is_empty(&self) -> bool {
        self.rings.values().all(|ring| ring.events.is_empty() && ring.evicted.is_empty())
    }

    /// Whether the cleanup of this kind is too far behind.
    pub fn is_overloaded(&self, name: &str, max_items: u64, max_bytes: u64) -> bool {
        self.rings.get(name).is_some_and(|ring| {
            ring.evicted.len() as u64 >= max_items || ring.evicted_bytes as u64 >= max_bytes
        })
    }

    /// How many events of this kind memory holds.
    pub fn count(&self, name: &str) -> usize {
        self.rings.get(name).map_or(0, |ring| ring.events.len() + ring.evicted.len())
    }

    /// Events of one kind, newest first; `start` 0 is the newest, `end` exclusive.
    pub fn page(&self, name: &str, start: usize, end: usize) -> Vec<Arc<Event>> {
        let Some(ring) = self.rings.get(name) else { return Vec::new() };
        ring.newest_first().skip(start).take(end.saturating_sub(start)).cloned().collect()
    }

    /// The newest events of all kinds, at most `per_kind` of each, merged, newest first.
    pub fn merged(&self, per_kind: usize, start: usize, end: usize) -> Vec<Arc<Event>> {
        let mut all: Vec<_> = self
            .rings
            .values()
            .flat_map(|ring| ring.newest_first().take(per_kind.min(end)))
            .cloned()
            .collect();
        // Offsets are the order of arrival, which is that of time, and they have no ties.
        all.sort_unstable_by_key(|event| std::cmp::Reverse(event.offset));
        all.truncate(end);
        all.drain(..start.min(all.len()));
        all
    }

    /// Begins a load, or has it wait: then `turn` is called once the cleanup settled.
    pub fn begin_load(&mut self, name: &Arc<str>, turn: impl FnOnce() -> Turn) -> bool {
        let ring = self.rings.entry(name.clone()).or_default();
        if ring.cleaning > 0 {
            ring.waiting.push(turn());
            return false;
        }
        ring.loading += 1;
        true
    }

    /// The loads that wait for cleanups.
    pub fn into_waiting(self) -> Vec<Turn> {
        self.rings.into_values().flat_map(|ring| ring.waiting).collect()
    }

    /// A load settled.
    pub fn end_load(&mut self, name: &str) {
        if let Some(ring) = self.rings.get_mut(name) {
            ring.loading = ring.loading.saturating_sub(1);
        }
    }
}

impl Ring {
    fn evict(&mut self, keep: bool) -> bool {
        let Some(oldest) = self.events.pop_front() else { return false };
        self.bytes -= oldest.size();
        if keep {
            self.evicted_bytes += oldest.size();
            self.evicted.push_back(oldest);
        }
        true
    }

    fn newest_first(&self) -> impl Iterator<Item = &Arc<Event>> {
        self.events.iter().rev().chain(self.evicted.iter().rev())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{event::Draft, payload::Payload};

    fn event(name: &str, offset: u64) -> Arc<Event> {
        let draft = Draft {
            name: name.into(),
            from: "u".into(),
            data: Some(Payload::plain("1")),
            meta: None,
            timestamp: None,
        };
        Arc::new(Event::new("r".into(), &draft, 0, offset))
    }

    fn offsets(events: &[Arc<Event>]) -> Vec<u64> {
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
        assert!(log.begin_load(&"a".into(), || unreachable!("nothing is being cleaned")));
        log.append(event("a", 2), 1, u64::MAX, true);
        assert!(log.next_cleanup("a").is_none(), "a load is under way");
        log.end_load("a");
        assert!(log.next_cleanup("a").is_some());
        assert!(!log.begin_load(&"a".into(), || Box::new(|| {})));
        assert_eq!(log.cleaned("a").len(), 1);
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
}
