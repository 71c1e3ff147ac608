//! Peers that take what they are let to.

use std::{
    io,
    pin::Pin,
    task::{Poll, Wake},
};

use tokio::io::AsyncWrite;

use super::{watched::PeerEnd, *};

/// Takes what it is let to.
struct Peer(usize);

impl Resets for Peer {
    fn reset_when_closed(&self) {}

    fn peer_end(&self) -> PeerEnd {
        PeerEnd::Open
    }
}

impl AsyncWrite for Peer {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
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
        answer.way().wait(bytes);
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
    // An answer of any size, to one who takes it. What is small counts, and stays.
    let taker = all.watch(Peer(usize::MAX));
    taker.way().wait(6 * LARGE);
    assert_eq!((cut(&peers), taker.way().is_cut(), all.take_shed()), (vec![1, 2, 3, 4], false, 4));
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
