//! Who connects is told to the host before it is told to the client itself.
//!
//! A program and a client in one process (every test of a program is that) share a thread: the client's `connect` must not come before
//! the program's listener for connections ran. A host that has no time is waited for only so long: `docs/design/hooks.md`.

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use super::Call;
use crate::engine::{clock::DeadlineQueue, io::IoCall, lock::lock, transport::Hold};

/// How long a client waits at most for the host to hear of it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Clients that wait for their introduction.
#[derive(Debug)]
pub struct Introductions {
    /// Those in the calls that the host took last, and may not have come to. A std mutex: held to swap the list.
    taken: Mutex<Vec<Arc<Hold>>>,
    overdue: DeadlineQueue<Weak<Hold>>,
}

impl Default for Introductions {
    fn default() -> Self {
        Self { taken: Mutex::default(), overdue: DeadlineQueue::new(PATIENCE) }
    }
}

impl Introductions {
    /// A client waits from now on; the call that tells of it carries what is given.
    pub fn expect(&self, hold: Hold) -> Arc<Hold> {
        let hold = Arc::new(hold);
        self.overdue.push(Arc::downgrade(&hold));
        hold
    }

    /// The host asks for its next calls: it is done with those before.
    pub fn done(&self) {
        // Outside the lock: to let go of them is to send.
        let done = std::mem::take(&mut *lock(&self.taken));
        drop(done);
    }

    /// The host takes calls.
    pub fn take(&self, calls: &[Call]) {
        let holds = calls.iter().filter_map(|call| match call {
            Call::Connected { hold, .. } | Call::Io(IoCall::Connected { hold, .. }) => Some(hold.clone()),
            _ => None,
        });
        lock(&self.taken).extend(holds);
    }

    /// Lets go of those that waited long enough. Runs while the server does.
    pub async fn expire(&self) {
        loop {
            if let Some(hold) = self.overdue.next().await.upgrade() {
                hold.release();
            }
        }
    }
}
