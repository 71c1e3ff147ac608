//! Time: wall-clock stamps, and deadlines on the monotonic clock.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    sync::Notify,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};

use super::lock::lock;

/// Unix time in milliseconds.
pub fn unix_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Items that fall due a fixed time after they were put in.
///
/// Since the delay is the same for all, the queue is in order by itself: any number of heartbeats costs one timer and one
/// entry each. Nothing is taken out early; what falls due looks whether it still means something.
#[derive(Debug)]
pub struct DeadlineQueue<T> {
    delay: Duration,
    /// In order of their instant. A std mutex: held to push or pop one entry.
    entries: Mutex<VecDeque<(Instant, T)>>,
    first: Notify,
}

impl<T> DeadlineQueue<T> {
    /// An empty queue.
    pub fn new(delay: Duration) -> Self {
        Self { delay, entries: Mutex::new(VecDeque::new()), first: Notify::new() }
    }

    /// Puts an item in.
    pub fn push(&self, item: T) {
        let mut entries = lock(&self.entries);
        entries.push_back((Instant::now() + self.delay, item));
        let wake = entries.len() == 1;
        drop(entries);
        if wake {
            self.first.notify_one();
        }
    }

    /// Takes the next item, due or not.
    pub fn take(&self) -> Option<T> {
        lock(&self.entries).pop_front().map(|(_, item)| item)
    }

    /// Waits for the next item that falls due. One task at a time calls this.
    pub async fn next(&self) -> T {
        loop {
            let due = lock(&self.entries).front().map(|(due, _)| *due);
            match due {
                None => self.first.notified().await,
                Some(due) => {
                    sleep_until(due).await;
                    let mut entries = lock(&self.entries);
                    if let Some((_, item)) = entries.pop_front() {
                        // A burst leaves its capacity behind; give most of it back once it has passed.
                        if entries.capacity() > 1_024 && entries.len() < entries.capacity() / 8 {
                            let keep = entries.len() * 2;
                            entries.shrink_to(keep);
                        }
                        return item;
                    }
                }
            }
        }
    }
}

/// Items each of which falls due at an instant of its own.
#[derive(Debug)]
pub struct Agenda<T> {
    /// The next one on top. A std mutex: held to push or pop one entry.
    entries: Mutex<BinaryHeap<Reverse<(Instant, T)>>>,
    /// There is another next one.
    changed: Notify,
}

impl<T: Ord> Default for Agenda<T> {
    fn default() -> Self {
        Self { entries: Mutex::default(), changed: Notify::new() }
    }
}

impl<T: Ord + Copy> Agenda<T> {
    /// Puts an item in.
    pub fn push(&self, due: Instant, item: T) {
        let mut entries = lock(&self.entries);
        let wake = entries.peek().is_none_or(|Reverse((first, _))| due < *first);
        entries.push(Reverse((due, item)));
        drop(entries);
        if wake {
            self.changed.notify_one();
        }
    }

    /// Waits for the next item that falls due. One task at a time calls this.
    pub async fn next(&self) -> T {
        loop {
            let due = match self.take_due() {
                Ok(item) => return item,
                Err(due) => due,
            };
            match due {
                None => self.changed.notified().await,
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.changed.notified() => {}
                },
            }
        }
    }

    /// Takes the next item, if it is due; else when it will be.
    fn take_due(&self) -> Result<T, Option<Instant>> {
        let mut entries = lock(&self.entries);
        match entries.peek() {
            Some(Reverse((due, item))) if *due <= Instant::now() => {
                let item = *item;
                entries.pop();
                if entries.capacity() > 1_024 && entries.len() < entries.capacity() / 8 {
                    let keep = entries.len() * 2;
                    entries.shrink_to(keep);
                }
                Ok(item)
            }
            Some(Reverse((due, _))) => Err(Some(*due)),
            None => Err(None),
        }
    }
}

/// A clock that stands still while the process does: stopped by a signal, suspended with its machine, or without a processor to run on.
///
/// Somebody asks it every tick. If nobody did for twice that, what is beyond a tick counts for nothing.
#[derive(Debug)]
pub struct ServiceClock {
    tick: Duration,
    /// A std mutex: held to read or move the clock.
    state: Mutex<Service>,
}

#[derive(Debug)]
struct Service {
    asked: std::time::Instant,
    /// For how long it stood, in all.
    stood: Duration,
}

impl ServiceClock {
    /// A clock that is asked at every tick.
    pub fn new(tick: Duration) -> Self {
        let state = Service { asked: std::time::Instant::now(), stood: Duration::ZERO };
        Self { tick, state: Mutex::new(state) }
    }

    /// The time, which never goes back. To be compared with what this clock said.
    pub fn now(&self) -> std::time::Instant {
        self.at(std::time::Instant::now())
    }

    fn at(&self, real: std::time::Instant) -> std::time::Instant {
        let mut state = lock(&self.state);
        let silent = real.saturating_duration_since(state.asked);
        if silent > self.tick * 2 {
            state.stood += silent - self.tick;
        }
        state.asked = state.asked.max(real);
        state.asked.checked_sub(state.stood).unwrap_or(real)
    }

    /// When that time is, if the process does not stand from now on.
    pub fn real(&self, time: std::time::Instant) -> std::time::Instant {
        time + lock(&self.state).stood
    }
}

/// A quarter of a patience, so that nobody waits much longer than promised.
pub fn looks(patience: Duration) -> Interval {
    let mut look = interval((patience / 4).clamp(Duration::from_millis(5), Duration::from_millis(250)));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_service_stands_while_the_process_does() {
        let clock = ServiceClock::new(Duration::from_secs(1));
        let start = clock.now();
        let after = |seconds: u64| (clock.at(start + Duration::from_secs(seconds)) - start).as_secs();
        assert_eq!([after(1), after(2), after(4)], [1, 2, 4], "a tick that is late is none to speak of");
        assert_eq!(after(64), 5, "a minute but for a tick");
        assert_eq!([after(65), after(66)], [6, 7]);
        assert_eq!(clock.real(start + Duration::from_secs(7)), start + Duration::from_secs(66));
        assert_eq!(after(60), 7, "it never goes back");
    }

    #[tokio::test(start_paused = true)]
    async fn each_item_falls_due_at_its_own_time_also_one_that_is_put_in_later() {
        let agenda = Agenda::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        agenda.push(after(5), 'b');
        let (found, ()) =
            tokio::join!(async { [agenda.next().await, agenda.next().await, agenda.next().await] }, async {
                sleep_until(after(1)).await;
                agenda.push(after(9), 'c');
                agenda.push(after(3), 'a');
            });
        assert_eq!(found, ['a', 'b', 'c']);
        assert_eq!(start.elapsed(), Duration::from_secs(9));
    }

    #[tokio::test(start_paused = true)]
    async fn items_fall_due_in_order_after_their_delay() {
        let queue = DeadlineQueue::new(Duration::from_secs(5));
        let start = Instant::now();
        queue.push(1);
        queue.push(2);
        assert_eq!(queue.next().await, 1);
        assert_eq!(queue.next().await, 2);
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }
}
