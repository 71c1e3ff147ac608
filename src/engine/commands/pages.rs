//! Pages of history of one client, which `onLoad` may be asked for: one after the other, each when there is room to send it. What else the client
//! asks goes on beside them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use crate::engine::{client::Client, core::Core, lock::lock};

/// So many wait; the next one holds up whatever the client asks behind it.
const MOST: usize = 16;

/// Reads one page and answers with it, then says that it is [over](over).
type Job = Box<dyn FnOnce(&Arc<Core>) + Send>;

/// What one client is still to be answered.
#[derive(Default)]
pub struct Pages {
    /// A std mutex: held to put one in or to take one out.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// One is being read, or is about to be.
    reading: bool,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Pages")
    }
}

impl Pages {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Whether so many wait that those behind the next one have to wait for it.
    pub fn is_full(&self) -> bool {
        self.state().waiting.len() >= MOST
    }

    /// Reads a page now, or in its turn.
    pub fn read(&self, core: &Arc<Core>, job: Job) {
        let mut state = self.state();
        if state.reading {
            return state.waiting.push_back(job);
        }
        state.reading = true;
        drop(state);
        job(core);
    }

    /// Nobody hears the answers any more.
    pub fn clear(&self) {
        let waiting = std::mem::take(&mut *self.state());
        // Outside the lock: a job may be the last one to hold its client.
        drop(waiting);
    }
}

/// A page was answered: the next one is read when there is room for it.
pub fn over(core: &Arc<Core>, client: &Arc<Client>) {
    {
        let mut state = client.pages().state();
        if state.waiting.is_empty() {
            state.reading = false;
            return;
        }
    }
    let turn = Turn(Some(client.clone()));
    if !client.socket().is_connected() {
        return;
    }
    let owner = Arc::downgrade(core);
    // Ends with the session.
    let socket = client.socket().clone();
    client.socket().spawn(async move {
        loop {
            socket.session().room().await;
            if !socket.is_connected() {
                return;
            }
            if !socket.session().lacks_room() {
                break;
            }
        }
        let Some(core) = owner.upgrade() else { return };
        let next = turn.0.as_ref().and_then(|client| client.pages().state().waiting.pop_front());
        if let Some(job) = next {
            turn.begins();
            job(&core);
        }
    });
}

/// The turn of the next page. Dropped before that begins: the client is gone, and what waits would hold it.
struct Turn(Option<Arc<Client>>);

impl Turn {
    fn begins(mut self) {
        self.0 = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(client) = &self.0 {
            client.pages().clear();
        }
    }
}
