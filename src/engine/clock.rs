//! Time: wall-clock stamps, and deadlines on the monotonic clock.

use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
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

#[cfg(test)]
mod tests {
    use super::*;

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
