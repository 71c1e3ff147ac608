//! The cells that are counted in.
//!
//! Each thread has a row of cells of its own: counting touches no cache line of another thread's, and reading adds the rows up.

use std::{
    cell::Cell,
    fmt,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Instant,
};

use super::{CELLS, Family, Kind, NANOSECONDS, Reading, SIZE_BOUNDS};

/// Most rows. Threads share rows from there on: what is counted stays right, and costs more.
const MAX_ROWS: usize = 64;
/// Sizes of outboxes that are told apart: powers of two.
const SIZES: usize = usize::BITS as usize + 1;

/// What is counted by one thread. Aligned to two cache lines, since processors fetch them in pairs.
#[repr(align(128))]
struct Cells {
    cells: [AtomicU64; CELLS],
    /// Outboxes by the power of two that what waits in them is at most; those with nothing are not counted.
    outboxes: [AtomicU64; SIZES],
}

impl Cells {
    fn new() -> Self {
        Self {
            cells: std::array::from_fn(|_| AtomicU64::new(0)),
            outboxes: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

/// The counters of one engine.
pub struct Metrics {
    /// A power of two.
    rows: Box<[Cells]>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Metrics").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

/// Nanoseconds since then.
pub fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The number of the current thread: threads that were begun one behind the other have numbers in a row.
fn thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    NUMBER.with(|number| {
        if number.get() == usize::MAX {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

/// The power of two that a size is at most, as its exponent and one; 0: nothing.
fn class(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        _ => (usize::BITS - (bytes - 1).leading_zeros()) as usize + 1,
    }
    .min(SIZES - 1)
}

impl Metrics {
    /// All at 0, for so many threads of the engine's.
    pub fn new(threads: usize) -> Self {
        // The host's thread too; and as many again, so that two rarely meet in a row.
        let rows = (2 * (threads + 1)).next_power_of_two().min(MAX_ROWS);
        Self { rows: (0..rows).map(|_| Cells::new()).collect() }
    }

    fn row(&self) -> &Cells {
        &self.rows[thread() & (self.rows.len() - 1)]
    }

    /// Counts so many.
    pub fn add(&self, family: Family, count: u64) {
        debug_assert!(family.row().parts.is_empty(), "{family:?} has parts");
        self.row().cells[family.first()].fetch_add(count, Ordering::Relaxed);
    }

    /// Counts so many of one part: its place among the [parts](super::Row::parts).
    pub fn add_part(&self, family: Family, part: usize, count: u64) {
        debug_assert!(part < family.row().parts.len(), "{family:?} has no such part");
        self.row().cells[family.first() + part].fetch_add(count, Ordering::Relaxed);
    }

    /// Notes one observation of a histogram: a number, or nanoseconds.
    pub fn observe(&self, family: Family, value: u64) {
        debug_assert_eq!(family.row().kind, Kind::Histogram, "{family:?}");
        let bounds = if family.row().unit == "seconds" { NANOSECONDS } else { SIZE_BOUNDS };
        let bucket = bounds.partition_point(|bound| *bound < value);
        let cells = &self.row().cells[family.first()..];
        cells[bucket].fetch_add(1, Ordering::Relaxed);
        cells[bounds.len() + 1].fetch_add(value, Ordering::Relaxed);
    }

    /// What waits in an outbox changed.
    pub fn outbox(&self, before: usize, after: usize) {
        let row = self.row();
        let difference = (after as u64).wrapping_sub(before as u64);
        row.cells[Family::OutputQueuedBytes.first()].fetch_add(difference, Ordering::Relaxed);
        let (left, entered) = (class(before), class(after));
        if left != entered {
            for (class, change) in [(left, u64::MAX), (entered, 1)] {
                if class > 0 {
                    row.outboxes[class].fetch_add(change, Ordering::Relaxed);
                }
            }
        }
    }

    /// The sums over all threads. What is counted meanwhile may be in them or not.
    pub fn read(&self) -> Reading {
        let sum = |cell: &dyn Fn(&Cells) -> &AtomicU64| {
            self.rows.iter().fold(0, |sum: u64, row| sum.wrapping_add(cell(row).load(Ordering::Relaxed)))
        };
        let mut reading = Reading::new((0..CELLS).map(|cell| sum(&|row| &row.cells[cell])).collect());
        // Threads are not read at one moment: a difference that is negative for that reason is none.
        let largest = (1..SIZES).rev().find(|class| (sum(&|row| &row.outboxes[*class]) as i64) > 0);
        let bytes = largest.map_or(0, |class| 1_u64.checked_shl(class as u32 - 1).unwrap_or(u64::MAX));
        reading.set(Family::OutputLargestQueuedBytes, bytes);
        let queued = reading.get(Family::OutputQueuedBytes) as i64;
        reading.set(Family::OutputQueuedBytes, queued.max(0) as u64);
        reading
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    #[test]
    fn what_threads_count_is_summed() {
        let metrics = Arc::new(Metrics::new(2));
        let threads: Vec<_> = (0..20)
            .map(|_| {
                let metrics = metrics.clone();
                thread::spawn(move || {
                    for _ in 0..1_000 {
                        metrics.add(Family::EventsNative, 1);
                        metrics.add_part(Family::OutputBytes, 1, 3);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let read = metrics.read();
        assert_eq!((read.get(Family::EventsNative), read.part(Family::OutputBytes, 1)), (20_000, 60_000));
        assert_eq!(read.part(Family::OutputBytes, 0), 0);
    }

    #[test]
    fn the_largest_outbox_is_known_without_looking_at_all() {
        let metrics = Metrics::new(1);
        let read = |family| metrics.read().get(family);
        metrics.outbox(0, 1_000);
        metrics.outbox(0, 5_000);
        assert_eq!(read(Family::OutputQueuedBytes), 6_000);
        assert_eq!(read(Family::OutputLargestQueuedBytes), 8_192);
        metrics.outbox(5_000, 8_192);
        assert_eq!(read(Family::OutputLargestQueuedBytes), 8_192);
        metrics.outbox(8_192, 1);
        assert_eq!(read(Family::OutputLargestQueuedBytes), 1_024);
        metrics.outbox(1_000, 0);
        assert_eq!((read(Family::OutputQueuedBytes), read(Family::OutputLargestQueuedBytes)), (1, 1));
        metrics.outbox(1, 0);
        assert_eq!((read(Family::OutputQueuedBytes), read(Family::OutputLargestQueuedBytes)), (0, 0));
    }

    #[test]
    fn what_one_thread_puts_in_another_takes_out() {
        let metrics = Arc::new(Metrics::new(4));
        metrics.outbox(0, 10_000);
        let other = metrics.clone();
        thread::spawn(move || other.outbox(10_000, 0)).join().unwrap();
        let read = metrics.read();
        assert_eq!(read.get(Family::OutputQueuedBytes), 0);
        assert_eq!(read.get(Family::OutputLargestQueuedBytes), 0);
    }
}
