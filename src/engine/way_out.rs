//! The way out of one HTTP connection: whether its peer takes what is written, and what is kept until that is out.
//!
//! hyper takes an answer's body long before the peer has it. So it is the socket that is watched here: a write that could not go on for
//! `limits.httpTimeout` ends the connection, and what belongs to an answer (a place, bytes that count) is let go of when everything in front of
//! a flush is the kernel's.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use slab::Slab;
use smallvec::SmallVec;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::lock::lock;

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
            task: Mutex::new(None),
        });
        let key = lock(&self.ways).insert(way.clone());
        Watched { socket, end: End { way, key } }
    }

    /// Ends the connections whose peers took nothing for too long; how many those were.
    pub fn look(&self) -> usize {
        let now = self.now();
        let overdue: Vec<_> =
            lock(&self.ways).iter().filter(|(_, way)| way.is_due(now)).map(|(_, way)| way.clone()).collect();
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
        // Somewhat less than may, so that not each further answer looks at all of them.
        let enough = if large > self.most { self.most - self.most / 8 } else { usize::MAX };
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

    /// The peer takes nothing now. `false`: the connection was cut.
    fn is_blocked(&self, context: &Context<'_>) -> bool {
        let mut task = lock(&self.task);
        if !task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            *task = Some(context.waker().clone());
        }
        drop(task);
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

/// A socket whose way out is watched.
#[derive(Debug)]
pub struct Watched<S> {
    socket: S,
    end: End,
}

/// Where the watching ends: the socket is gone, or no longer HTTP's.
#[derive(Debug)]
struct End {
    way: Arc<WayOut>,
    key: usize,
}

impl Drop for End {
    fn drop(&mut self) {
        let way = &self.way;
        lock(&way.all.ways).try_remove(self.key);
        way.over.store(true, Ordering::SeqCst);
        way.forget(way.taken.swap(0, Ordering::SeqCst));
        // Dropped outside the lock.
        let kept = {
            let mut kept = lock(&way.kept);
            kept.over = true;
            std::mem::take(&mut kept.all)
        };
        drop(kept);
    }
}

impl<S> Watched<S> {
    /// Its way out.
    pub fn way(&self) -> &Arc<WayOut> {
        &self.end.way
    }

    /// The socket, which is watched no longer.
    pub fn into_socket(self) -> S {
        self.socket
    }
}

impl<S: Resets> Watched<S> {
    /// Whether the connection was cut.
    fn check(&self) -> io::Result<()> {
        if self.end.way.is_cut() { Err(self.cut()) } else { Ok(()) }
    }

    fn cut(&self) -> io::Error {
        // The kernel would keep what the peer does not read.
        self.socket.reset_when_closed();
        io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")
    }

    /// What could not be done for now, is not done at all where the connection was cut.
    fn judge<T>(&self, context: &Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match done {
            Poll::Ready(done) => {
                self.end.way.went_on();
                Poll::Ready(done)
            }
            Poll::Pending if self.end.way.is_blocked(context) => Poll::Pending,
            Poll::Pending => Poll::Ready(Err(self.cut())),
        }
    }
}

/// A socket that can be closed at once.
pub trait Resets {
    /// When the socket is closed the kernel keeps nothing of it, and the peer gets a reset.
    fn reset_when_closed(&self);
}

impl Resets for TcpStream {
    fn reset_when_closed(&self) {
        let _ = socket2::SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

impl Resets for TlsStream<TcpStream> {
    fn reset_when_closed(&self) {
        self.get_ref().0.reset_when_closed();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Resets + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        if let Poll::Ready(Ok(())) = flushed {
            self.end.way.is_out();
        }
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        let shut = Pin::new(&mut self.socket).poll_shutdown(context);
        self.judge(context, shut)
    }
}

/// What belongs to an answer while its body is under way: kept, once that is hyper's, until it is out.
pub struct Outgoing {
    way: Arc<WayOut>,
    unwritten: Option<Box<dyn Unwritten>>,
    /// Bytes that wait, of a body that is kept whole until its end.
    bytes: usize,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Outgoing").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Outgoing {
    /// On a connection's way out.
    pub fn new(way: Arc<WayOut>, unwritten: Box<dyn Unwritten>) -> Self {
        Self { way, unwritten: Some(unwritten), bytes: 0 }
    }

    /// The way out.
    pub fn way(&self) -> &Arc<WayOut> {
        &self.way
    }

    /// The body has so many bytes, all of them here.
    pub fn is_whole(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.way.wait(bytes);
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.way.take(self.bytes);
        if let Some(unwritten) = self.unwritten.take() {
            self.way.keep(unwritten);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    /// Takes what it is let to.
    struct Peer(usize);

    impl Resets for Peer {
        fn reset_when_closed(&self) {}
    }

    impl AsyncWrite for Peer {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken > 0 { Poll::Ready(Ok(taken)) } else { Poll::Pending }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[derive(Default)]
    struct Task(AtomicU64);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Counts what was written, and what was lost.
    #[derive(Clone, Default)]
    struct Counts(Arc<[AtomicU64; 2]>);

    struct Counted(Option<Counts>);

    impl Unwritten for Counted {
        fn written(mut self: Box<Self>) {
            self.0.take().unwrap().0[0].fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            if let Some(counts) = self.0.take() {
                counts.0[1].fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    impl Counts {
        fn one(&self) -> Box<dyn Unwritten> {
            Box::new(Counted(Some(self.clone())))
        }

        fn get(&self) -> (u64, u64) {
            (self.0[0].load(Ordering::SeqCst), self.0[1].load(Ordering::SeqCst))
        }
    }

    fn write(peer: &mut Watched<Peer>, task: &Arc<Task>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(peer).poll_write(&mut Context::from_waker(&Waker::from(task.clone())), bytes)
    }

    fn flush(peer: &mut Watched<Peer>) {
        let _ = Pin::new(peer).poll_flush(&mut Context::from_waker(Waker::noop()));
    }

    #[test]
    fn a_peer_that_takes_nothing_is_cut_and_one_that_takes_something_is_not() {
        let all = WaysOut::new(Duration::from_millis(200), 1 << 20);
        let task = Arc::new(Task::default());
        let (mut idle, mut slow) = (all.watch(Peer(1)), all.watch(Peer(1)));
        for peer in [&mut idle, &mut slow] {
            assert!(matches!(write(peer, &task, b"two"), Poll::Ready(Ok(1))));
            assert!(write(peer, &task, b"wo").is_pending());
        }
        std::thread::sleep(Duration::from_millis(120));
        assert_eq!(all.look(), 0);
        slow.socket.0 = 1;
        assert!(matches!(write(&mut slow, &task, b"wo"), Poll::Ready(Ok(1))));
        assert!(write(&mut slow, &task, b"o").is_pending());
        std::thread::sleep(Duration::from_millis(120));
        assert_eq!((all.look(), task.0.load(Ordering::SeqCst)), (1, 1));
        assert!(matches!(write(&mut idle, &task, b"wo"), Poll::Ready(Err(_))));
        assert!(write(&mut slow, &task, b"o").is_pending());
    }

    #[test]
    fn what_belongs_to_an_answer_is_kept_until_a_flush_or_the_end() {
        let all = WaysOut::new(Duration::from_secs(10), 1 << 20);
        let counts = Counts::default();
        let mut peer = all.watch(Peer(0));
        let way = peer.way().clone();
        let answer = |bytes| {
            let mut answer = Outgoing::new(way.clone(), counts.one());
            answer.is_whole(bytes);
            answer
        };
        let (one, two) = (answer(10), answer(20));
        drop(one);
        assert_eq!((counts.get(), all.waiting.load(Ordering::SeqCst)), ((0, 0), 30));
        flush(&mut peer);
        assert_eq!((counts.get(), all.waiting.load(Ordering::SeqCst)), ((1, 0), 20));
        drop(two);
        drop(peer);
        assert_eq!((counts.get(), all.waiting.load(Ordering::SeqCst)), ((1, 1), 0));
        drop(answer(30));
        assert_eq!((counts.get(), all.waiting.load(Ordering::SeqCst)), ((1, 2), 0));
    }

    /// Some that take nothing, and how many bytes wait on each.
    fn idle(all: &Arc<WaysOut>, task: &Arc<Task>, waiting: &[usize]) -> Vec<Watched<Peer>> {
        let watch = |bytes: &usize| {
            let mut peer = all.watch(Peer(0));
            peer.way().wait(*bytes);
            assert!(write(&mut peer, task, b"x").is_pending());
            // The next one waits for less long.
            std::thread::sleep(Duration::from_millis(10));
            peer
        };
        waiting.iter().map(watch).collect()
    }

    fn cut(peers: &[Watched<Peer>]) -> Vec<usize> {
        (0..peers.len()).filter(|index| peers[*index].way().is_cut()).collect()
    }

    #[test]
    fn where_too_much_waits_large_answers_are_cut_that_have_waited_longest() {
        let patience = Duration::from_secs(1_000);
        let all = WaysOut::with_idle(patience, 10 * LARGE as u64, [1_000_000, 1_000_000]);
        let task = Arc::new(Task::default());
        let peers = idle(&all, &task, &[LARGE, 2 * LARGE, 2 * LARGE, 2 * LARGE, 2 * LARGE]);
        assert_eq!(cut(&peers), Vec::<usize>::new());
        // An answer of any size, to one who takes it.
        let taker = all.watch(Peer(usize::MAX));
        taker.way().wait(6 * LARGE);
        assert_eq!((cut(&peers), taker.way().is_cut(), all.take_shed()), (vec![1, 2, 3], false, 3));
    }

    #[test]
    fn from_half_of_the_bound_on_those_are_cut_that_take_nothing() {
        let patience = Duration::from_secs(1_000);
        let all = WaysOut::with_idle(patience, 10 * LARGE as u64, [20, 1_000_000]);
        let task = Arc::new(Task::default());
        let peers = idle(&all, &task, &[LARGE, LARGE, LARGE, LARGE, LARGE]);
        std::thread::sleep(Duration::from_millis(120));
        assert_eq!((all.look(), cut(&peers)), (0, Vec::new()));
        let taker = all.watch(Peer(usize::MAX));
        taker.way().wait(LARGE + 1);
        std::thread::sleep(Duration::from_millis(120));
        all.look();
        assert_eq!((cut(&peers), taker.way().is_cut()), (vec![0, 1], false));
    }
}
