//! Pings and their deadlines: two queues and two tasks for all sessions.

use std::sync::Arc;

use super::{CloseReason, SocketOptions, Transport, ms};
use crate::engine::{clock::DeadlineQueue, ids::Id};

/// The heartbeats of all sessions.
pub struct Heartbeat {
    /// Sessions to be pinged.
    pings: DeadlineQueue<Id>,
    /// Pings to be answered: the session, and which of its pings.
    pongs: DeadlineQueue<(Id, u32)>,
}

impl Heartbeat {
    /// No heartbeats yet.
    pub fn new(options: &SocketOptions) -> Self {
        Self {
            pings: DeadlineQueue::new(ms(options.ping_interval)),
            pongs: DeadlineQueue::new(ms(options.ping_timeout)),
        }
    }

    /// Pings the session one interval from now: after its handshake, and after each answer.
    pub fn begin(&self, id: Id) {
        self.pings.push(id);
    }
}

/// Sends pings as they fall due.
pub async fn ping(transport: &Arc<Transport>) {
    loop {
        let id = tokio::select! {
            id = transport.heartbeat.pings.next() => id,
            () = transport.tasks.stopping() => return,
        };
        if let Some(number) = transport.find(&id).and_then(|session| session.ping()) {
            transport.heartbeat.pongs.push((id, number));
        }
    }
}

/// Ends sessions that did not answer.
pub async fn expire(transport: &Arc<Transport>) {
    loop {
        let (id, number) = tokio::select! {
            due = transport.heartbeat.pongs.next() => due,
            () = transport.tasks.stopping() => return,
        };
        if let Some(session) = transport.find(&id)
            && session.awaits_pong(number)
        {
            session.close(CloseReason::PingTimeout);
        }
    }
}
