//! When the head of a request is overdue.
//!
//! hyper has a timer for each head that it waits for, which is two allocations and two locks of the runtime's for each request. Here
//! it is a number for each connection, and one look at all of them now and then: the head of a request is given up at most one look late.
//! A TLS handshake is waited for on the same clock. Where more is waited for than may be, those who are waited for longest are given up.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
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

/// One in so many of the connections that are waited for may have sent something: such a one has buffers, some 20 KB, a silent one has none.
const SPEAKERS: usize = 5;
/// Where too many are waited for, one in so many more is given up than has to be, so that not each newcomer has all of them looked at.
const AT_A_TIME: usize = 16;

/// The clocks of all connections.
#[derive(Debug)]
pub struct HeadClocks {
    start: Instant,
    /// Whoever begins to wait for a head from now on has waited too long already.
    given_up: AtomicBool,
    /// Most that are waited for at a time.
    most: usize,
    /// Clocks that were added since it was last counted who is waited for.
    fresh: AtomicUsize,
    /// A std mutex: held to put in or take out one, or to look at all.
    clocks: Mutex<Slab<Arc<Clock>>>,
}

#[derive(Debug)]
struct Clock {
    /// Milliseconds since the start, and one.
    due: AtomicU64,
    /// Something came on the connection.
    spoke: AtomicBool,
    /// The connection's task. A std mutex: held to put it in or to clone it.
    task: Mutex<Option<Waker>>,
}

impl HeadClocks {
    /// No clocks. `most`: how many are waited for at a time.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            given_up: AtomicBool::new(false),
            most,
            fresh: AtomicUsize::new(0),
            clocks: Mutex::default(),
        })
    }

    /// One for a connection; as hyper's timer.
    pub fn add(self: &Arc<Self>) -> HeadClock {
        let clock = Arc::new(Clock {
            due: AtomicU64::new(NEVER),
            spoke: AtomicBool::new(false),
            task: Mutex::default(),
        });
        let fresh = self.fresh.fetch_add(1, Ordering::Relaxed);
        let (key, count) = {
            let mut clocks = lock(&self.clocks);
            (clocks.insert(clock.clone()), clocks.len())
        };
        let most = self.most_speakers();
        if count > most && fresh > most / AT_A_TIME {
            self.relieve();
        }
        HeadClock { all: self.clone(), clock, key }
    }

    /// Wakes the connections whose time is over. Runs every so often while the server does.
    pub fn look(&self) {
        self.expire(self.millis(Instant::now()), |_| true);
        self.relieve();
    }

    fn most_speakers(&self) -> usize {
        (self.most / SPEAKERS).max(1)
    }

    /// Where too many are waited for, those whose time would be over first are given up: of those that sent something, and of all.
    fn relieve(&self) {
        self.fresh.store(0, Ordering::Relaxed);
        let (mut speakers, mut all) = (Vec::new(), Vec::new());
        {
            let clocks = lock(&self.clocks);
            if clocks.len() <= self.most_speakers() {
                return;
            }
            for (_, clock) in clocks.iter() {
                let due = clock.due.load(Ordering::Relaxed);
                if matches!(due, NEVER | OVERDUE) {
                    continue;
                }
                all.push(due);
                if clock.spoke.load(Ordering::Relaxed) {
                    speakers.push(due);
                }
            }
        }
        if let Some(last) = surplus(&mut speakers, self.most_speakers()) {
            self.expire(last, |clock| clock.spoke.load(Ordering::Relaxed));
        }
        if let Some(last) = surplus(&mut all, self.most) {
            self.expire(last, |_| true);
        }
    }

    /// No head is waited for any longer, nor from now on: the server stops.
    pub fn give_up(&self) {
        // Before the look at them all, as `wait` asks behind its own store: one of the two finds the other.
        self.given_up.store(true, Ordering::SeqCst);
        self.expire(NEVER - 1, |_| true);
    }

    fn expire(&self, now: u64, which: impl Fn(&Clock) -> bool) {
        let overdue: Vec<Waker> = lock(&self.clocks)
            .iter()
            .filter(|(_, clock)| which(clock) && clock.expire(now))
            .filter_map(|(_, clock)| lock(&clock.task).clone())
            .collect();
        overdue.into_iter().for_each(Waker::wake);
    }

    fn millis(&self, instant: Instant) -> u64 {
        let since = instant.saturating_duration_since(self.start).as_millis() + 1;
        u64::try_from(since).unwrap_or(NEVER - 1)
    }
}

/// The latest time of those that are to be given up so that at most `most` stay, if there are more.
fn surplus(due: &mut [u64], most: usize) -> Option<u64> {
    if due.len() <= most {
        return None;
    }
    let surplus = (due.len() - most + most / AT_A_TIME).min(due.len());
    Some(*due.select_nth_unstable(surplus - 1).1)
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
    /// Something came on the connection.
    pub fn spoke(&self) {
        self.clock.spoke.store(true, Ordering::Relaxed);
    }

    /// Waits for something else before a head: a step of a TLS handshake. Ready when that takes too long.
    pub fn step(&self, patience: Duration) -> impl Future<Output = ()> + Unpin + use<> {
        self.wait(Instant::now() + patience);
        Head(self.clock.clone())
    }

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
        let all = HeadClocks::new(1_000);
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

    #[test]
    fn of_too_many_that_are_waited_for_the_oldest_are_given_up() {
        let all = HeadClocks::new(32);
        let clocks: Vec<_> = (0..100).map(|_| all.add()).collect();
        let busy: Vec<_> = (0..100).map(|_| all.add()).collect();
        let mut waited: Vec<_> =
            (0..100).map(|n| clocks[n].sleep(Duration::from_secs(60 + n as u64))).collect();
        all.look();
        let mut context = Context::from_waker(Waker::noop());
        let over: Vec<_> =
            waited.iter_mut().map(|head| head.as_mut().poll(&mut context).is_ready()).collect();
        assert_eq!(over.iter().filter(|over| **over).count(), 70, "the surplus, and one in sixteen");
        assert!(over[..70].iter().all(|over| *over), "those who were waited for longest");
        // Newcomers are not told apart: each may stay until there are too many again.
        let more: Vec<_> = (0..20).map(|_| all.add()).collect();
        let mut newer: Vec<_> = more.iter().map(|clock| clock.sleep(Duration::from_secs(900))).collect();
        all.look();
        assert!(newer.iter_mut().all(|head| head.as_mut().poll(&mut context).is_pending()));
        drop((busy, waited, newer));
    }

    #[test]
    fn fewer_may_wait_that_sent_something() {
        let all = HeadClocks::new(64);
        let silent: Vec<_> = (0..30).map(|_| all.add()).collect();
        let speakers: Vec<_> = (0..30).map(|_| all.add()).collect();
        speakers.iter().for_each(HeadClock::spoke);
        let mut context = Context::from_waker(Waker::noop());
        let wait = |clocks: &[HeadClock], from: u64| -> Vec<_> {
            (0..clocks.len()).map(|n| clocks[n].sleep(Duration::from_secs(from + n as u64))).collect()
        };
        let (mut silent, mut speakers) = (wait(&silent, 60), wait(&speakers, 100));
        all.look();
        let mut over = |heads: &mut Vec<Pin<Box<dyn Sleep>>>| {
            heads
                .iter_mut()
                .filter_map(|head| head.as_mut().poll(&mut context).is_ready().then_some(()))
                .count()
        };
        assert_eq!((over(&mut silent), over(&mut speakers)), (0, 18), "the surplus, and one in sixteen");
    }
}
