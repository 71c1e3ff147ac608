//! Writes what a turn of the engine put into outboxes, one write per connection.

use std::sync::{Arc, Mutex};

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

impl Flusher {
    /// Remembers a session until the end of the turn.
    pub fn mark(&self, session: Arc<Session>) {
        let mut marked = lock(&self.marked);
        marked.push(session);
        let wake = marked.len() == 1;
        drop(marked);
        if wake {
            self.first.notify_one();
        }
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
