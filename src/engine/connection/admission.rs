//! Clients that would be let in, if the host had room to be told of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};

use crate::engine::{
    cause,
    config::ms,
    core::Core,
    error::Refusal,
    host::{Hooks, Queue},
    io::refuse,
    socketio::ConnectRequest,
};

/// How long nothing is heard of the queue at most, by one who waits for it: it is looked at again then.
const LOOK: Duration = Duration::from_secs(1);

/// Who waits to be let in. What each of them holds is its own task's.
#[derive(Debug, Default)]
pub struct Admissions {
    waiting: AtomicUsize,
    room: Notify,
}

/// One that waits, for as long as this is there.
struct Waiting<'a>(&'a Admissions);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Admissions {
    /// The host took calls.
    pub fn taken(&self, queue: &Queue) {
        if self.waiting.load(Ordering::SeqCst) > 0 && queue.has_ebbed().calls {
            self.room.notify_waiters();
        }
    }

    async fn room(&self, queue: &Queue) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(self);
        loop {
            let mut told = std::pin::pin!(self.room.notified());
            told.as_mut().enable();
            if !queue.is_full() {
                return;
            }
            tokio::select! {
                () = told => {}
                () = sleep(LOOK) => {}
            }
        }
    }
}

/// Whether the host would be told of a client of Dialogue's, at some time, and has no room for that.
pub fn has_to_wait(core: &Core) -> bool {
    core.hooks.any(Hooks::CONNECTED | Hooks::DISCONNECTED | Hooks::JOINED | Hooks::LEFT)
        && core.queue.is_full()
}

/// Goes on with a request once the host has room to be told of it, in the time that a decision has; and forgets it with its connection.
pub fn when_there_is_room(
    core: &Arc<Core>,
    request: ConnectRequest,
    go_on: impl FnOnce(&Arc<Core>, ConnectRequest) + Send + 'static,
) {
    let (core, session) = (core.clone(), request.socket().session().clone());
    request.socket().clone().spawn(async move {
        tokio::select! {
            () = core.admissions.room(&core.queue) => cause::by(&session, || go_on(&core, request)),
            () = session.over() => {}
            () = sleep(ms(core.limits().hook_timeout)) => refuse(&core, request, &Refusal::overloaded()),
        }
    });
}
