//! Writes what a turn of the engine put into outboxes, one write per connection.

use std::sync::Arc;

use tokio::{sync::Notify, task::yield_now};

pub use super::marks::Cork;
use super::{Session, marks::Marks};
use crate::engine::{
    metrics::{Family, Metrics},
    shutdown::Tasks,
};

/// Sessions with something to write. One flusher per thread; a session always has the same one.
#[derive(Default)]
pub struct Flusher {
    marked: Marks<Arc<Session>>,
    first: Notify,
}

impl Flusher {
    /// Remembers a session until the end of the turn, which does not come while there is a cork.
    pub fn mark(&self, session: Arc<Session>, cork: &Cork) {
        if self.marked.put(session, cork) {
            self.first.notify_one();
        }
    }

    /// The cork is out.
    pub fn wake(&self) {
        if !self.marked.is_empty() {
            self.first.notify_one();
        }
    }

    /// Forgets who was marked when the server stopped: they would hold what holds this.
    pub fn clear(&self) {
        // Dropped outside the lock.
        let mut marked = Vec::new();
        self.marked.swap(&mut marked);
    }

    /// Flushes until the server stops: closing sessions flush themselves.
    pub async fn run(&self, tasks: &Tasks, metrics: &Metrics) {
        let mut turn = Vec::new();
        loop {
            tokio::select! {
                () = self.first.notified() => {}
                () = tasks.stopping() => return,
            }
            // Let what is ready to run go first: what it sends joins this flush.
            yield_now().await;
            self.marked.swap(&mut turn);
            if !turn.is_empty() {
                metrics.observe(Family::OutputFlush, turn.len() as u64);
            }
            for session in turn.drain(..) {
                session.flush();
            }
            if turn.capacity() > 4_096 {
                turn.shrink_to(1_024);
            }
        }
    }
}
