//! When the head of a request is overdue.
//!
//! hyper has a timer for each head that it waits for, which is two allocations and two locks of the runtime's for each request. Here
//! it is a number for each connection, and one look at all of them now and then: the head of a request is given up at most one look late.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};
use slab::Slab;

use crate::engine::lock::lock;

/// No head is waited for.
const NEVER: u64 = u64::MAX;
/// It was waited for too long.
const OVERDUE: u64 = 0;

/// The clocks of all connections.
#[derive(Debug)]
pub struct HeadClocks {
    start: Instant,
    /// Whoever begins to wait for a head from now on has waited too long already.
    given_up: AtomicBool,
    /// A std mutex: held to put in or take out one, or to look at all.
    clocks: Mutex<Slab<Arc<Clock>>>,
}

#[derive(Debug)]
struct Clock {
    /// Milliseconds since the start, and one.
    due: AtomicU64,
    /// The connection's task. A std mutex: held to put it in or to clone it.
    task: Mutex<Option<Waker>>,
}

impl HeadClocks {
    /// No clocks.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), given_up: AtomicBool::new(false), clocks: Mutex::default() })
    }

    /// One for a connection; as hyper's timer.
    pub fn add(self: &Arc<Self>) -> HeadClock {
        let clock = Arc::new(Clock { due: AtomicU64::new(NEVER), task: Mutex::default() });
        let key = lock(&self.clocks).insert(clock.clone());
        HeadClock { all: self.clone(), clock, key }
    }

    /// Wakes the connections whose time is over. Runs every so often while the server does.
    pub fn look(&self) {
        self.expire(self.millis(Instant::now()));
    }

    /// No head is waited for any longer, nor from now on: the server stops.
    pub fn give_up(&self) {
        // Before the look at them all, as `wait` asks behind its own store: one of the two finds the other.
        self.given_up.store(true, Ordering::SeqCst);
        self.expire(NEVER - 1);
    }

    fn expire(&self, now: u64) {
        let overdue: Vec<Waker> = lock(&self.clocks)
            .iter()
            .filter(|(_, clock)| clock.expire(now))
            .filter_map(|(_, clock)| lock(&clock.task).clone())
            .collect();
        overdue.into_iter().for_each(Waker::wake);
    }

    fn millis(&self, instant: Instant) -> u64 {
        let since = instant.saturating_duration_since(self.start).as_millis() + 1;
        u64::try_from(since).unwrap_or(NEVER - 1)
    }
}

impl Clock {
    /// `true`: it is overdue from now on.
    fn expire(&self, now: u64) -> bool {
        let due = self.due.load(Ordering::SeqCst);
        // The head may have come meanwhile.
        due <= now && self.due.compare_exchange(due, OVERDUE, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

/// The clock of one connection.
#[derive(Debug)]
pub struct HeadClock {
    all: Arc<HeadClocks>,
    clock: Arc<Clock>,
    key: usize,
}

impl HeadClock {
    fn wait(&self, deadline: Instant) {
        self.clock.due.store(self.all.millis(deadline), Ordering::SeqCst);
        if self.all.given_up.load(Ordering::SeqCst) {
            self.clock.due.store(OVERDUE, Ordering::Release);
        }
    }
}

impl Drop for HeadClock {
    fn drop(&mut self) {
        lock(&self.all.clocks).try_remove(self.key);
    }
}

impl Timer for HeadClock {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.wait(deadline);
        Box::pin(Head(self.clock.clone()))
    }

    fn reset(&self, _: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        self.wait(deadline);
    }
}

/// A head that is waited for.
struct Head(Arc<Clock>);

impl Sleep for Head {}

impl Future for Head {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut task = lock(&self.0.task);
        if !task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            *task = Some(context.waker().clone());
        }
        drop(task);
        // Behind that, so that whoever finds it overdue now finds whom to wake.
        if self.0.due.load(Ordering::Acquire) == OVERDUE { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        self.0.due.store(NEVER, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    struct Task(AtomicU64);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn only_a_head_that_is_still_waited_for_is_overdue() {
        let all = HeadClocks::new();
        let (one, two, three) = (all.add(), all.add(), all.add());
        let mut late = one.sleep(Duration::ZERO);
        let mut early = two.sleep(Duration::from_secs(60));
        let mut came = three.sleep(Duration::ZERO);
        let task = Arc::new(Task(AtomicU64::new(0)));
        let waker = Waker::from(task.clone());
        let mut context = Context::from_waker(&waker);
        for head in [&mut late, &mut early, &mut came] {
            assert!(head.as_mut().poll(&mut context).is_pending());
        }
        drop(came);
        std::thread::sleep(Duration::from_millis(2));
        all.look();
        all.look();
        assert_eq!(task.0.load(Ordering::SeqCst), 2);
        assert!(late.as_mut().poll(&mut context).is_ready());
        assert!(early.as_mut().poll(&mut context).is_pending());
        let mut next = three.sleep(Duration::from_secs(60));
        assert!(next.as_mut().poll(&mut context).is_pending());
        all.give_up();
        assert!(early.as_mut().poll(&mut context).is_ready() && next.as_mut().poll(&mut context).is_ready());
        // One that begins behind that is not waited for either.
        drop(next);
        assert!(three.sleep(Duration::from_secs(60)).as_mut().poll(&mut context).is_ready());
        drop((early, late, one, two, three));
        assert!(lock(&all.clocks).is_empty());
    }
}
