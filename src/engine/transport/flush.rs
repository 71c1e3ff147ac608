//! Writes what a turn of the engine put into outboxes, one write per connection.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{sync::Notify, task::yield_now};

use super::Session;
use crate::engine::{lock::lock, shutdown::Tasks};

/// Sessions with something to write. One flusher per thread; a session always has the same one.
#[derive(Default)]
pub struct Flusher {
    /// A std mutex: held to push one session or to swap the list.
    marked: Mutex<Vec<Arc<Session>>>,
    first: Notify,
}

/// Holds flushers back while one thread says several things at once, so that they leave in one write per connection.
#[derive(Debug, Default)]
pub struct Cork(AtomicUsize);

impl Cork {
    fn is_in(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    /// Holds back from now on.
    pub fn put_in(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// `true`: nobody holds back any more, and what was marked meanwhile is to be flushed. A session that is marked without a wake
    /// was marked before this, so that whoever wakes the flushers now finds it.
    pub fn take_out(&self) -> bool {
        self.0.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

impl Flusher {
    /// Remembers a session until the end of the turn, which does not come while there is a cork.
    pub fn mark(&self, session: Arc<Session>, cork: &Cork) {
        let mut marked = lock(&self.marked);
        marked.push(session);
        let is_first = marked.len() == 1;
        drop(marked);
        if is_first && !cork.is_in() {
            self.first.notify_one();
        }
    }

    /// The cork is out.
    pub fn wake(&self) {
        if !lock(&self.marked).is_empty() {
            self.first.notify_one();
        }
    }

    /// Forgets who was marked when the server stopped: they would hold what holds this.
    pub fn clear(&self) {
        // Dropped outside the lock.
        let marked = std::mem::take(&mut *lock(&self.marked));
        drop(marked);
    }

    /// Flushes until the server stops: closing sessions flush themselves.
    pub async fn run(&self, tasks: &Tasks) {
        let mut turn = Vec::new();
        loop {
            tokio::select! {
                () = self.first.notified() => {}
                () = tasks.stopping() => return,
            }
            // Let what is ready to run go first: what it sends joins this flush.
            yield_now().await;
            std::mem::swap(&mut turn, &mut *lock(&self.marked));
            for session in turn.drain(..) {
                session.flush();
            }
            if turn.capacity() > 4_096 {
                turn.shrink_to(1_024);
            }
        }
    }
}
