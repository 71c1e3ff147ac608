//! What waits for `onCleanup`, of all kinds in all rooms together.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A kind's backlog grows while it is smaller than so many times what is left of the bound. One kind alone is refused at eight ninths, two at
/// eight seventeenths each: something is left for the kinds that wait for less.
const SHARE: u64 = 8;

/// Events, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Events.
    pub items: usize,
    /// Bytes of them.
    pub bytes: usize,
}

/// The sum over all rooms. Each room's log adds what it evicts, and takes off what it lets go.
#[derive(Debug, Default)]
pub struct Backlog {
    items: AtomicUsize,
    bytes: AtomicUsize,
}

impl Backlog {
    /// An event of so many bytes waits too.
    pub fn add(&self, bytes: usize) {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So much waits no longer.
    pub fn remove(&self, amount: Amount) {
        self.items.fetch_sub(amount.items, Ordering::Relaxed);
        self.bytes.fetch_sub(amount.bytes, Ordering::Relaxed);
    }

    /// Whether a kind of which `own` waits may add to it.
    pub fn has_room(&self, own: Amount, max_items: u64, max_bytes: u64) -> bool {
        let may = |own: usize, all: &AtomicUsize, max: u64| {
            let left = max.saturating_sub(all.load(Ordering::Relaxed) as u64);
            (own as u64) < left.saturating_mul(SHARE)
        };
        may(own.items, &self.items, max_items) && may(own.bytes, &self.bytes, max_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kinds add an event of one byte in turn until each is refused.
    fn fill(backlog: &Backlog, kinds: &mut [Amount], max: u64) {
        loop {
            let mut is_refused = true;
            for kind in &mut *kinds {
                if backlog.has_room(*kind, max, u64::MAX) {
                    backlog.add(1);
                    *kind = Amount { items: kind.items + 1, bytes: kind.bytes + 1 };
                    is_refused = false;
                }
            }
            if is_refused {
                return;
            }
        }
    }

    #[test]
    fn a_kind_that_is_far_behind_leaves_something_to_the_others() {
        let (backlog, mut one, mut others) =
            (Backlog::default(), [Amount::default()], [Amount::default(); 3]);
        fill(&backlog, &mut one, 900);
        assert_eq!(one[0].items, 800);
        fill(&backlog, &mut others, 900);
        assert!(others.iter().all(|other| other.items > 20), "{others:?}");
        backlog.remove(one[0]);
        assert!(backlog.has_room(others[0], 900, u64::MAX), "what settled gives its room back");
    }

    #[test]
    fn all_kinds_together_stay_within_the_bound() {
        let (backlog, mut kinds) = (Backlog::default(), vec![Amount::default(); 1_000]);
        fill(&backlog, &mut kinds, 900);
        assert!(kinds.iter().map(|kind| kind.items).sum::<usize>() <= 900);
        assert!(!backlog.has_room(Amount::default(), 900, u64::MAX), "not even the first of a kind");
        assert!(!Backlog::default().has_room(Amount { items: 1, bytes: 900 }, 900, 100));
    }
}
