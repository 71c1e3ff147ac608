//! Pings and their deadlines: two queues and two tasks for all sessions; of version 3, whose clients ping, one of each.

use std::sync::Arc;

use super::{CloseReason, Revision, Session, SocketOptions, Transport, ms};
use crate::engine::{
    clock::{Agenda, DeadlineQueue},
    ids::Id,
};

/// The heartbeats of all sessions.
pub struct Heartbeat {
    /// Sessions to be pinged.
    pings: DeadlineQueue<Id>,
    /// Pings to be answered: the session, and which of its pings.
    pongs: DeadlineQueue<(Id, u32)>,
    /// Sessions of version 3, and when the time of each may be up: one entry each.
    listening: Agenda<Id>,
}

impl Heartbeat {
    /// No heartbeats yet.
    pub fn new(options: &SocketOptions) -> Self {
        Self {
            pings: DeadlineQueue::new(ms(options.ping_interval)),
            pongs: DeadlineQueue::new(ms(options.ping_timeout)),
            listening: Agenda::default(),
        }
    }

    /// A session is open.
    pub fn begin(&self, session: &Session) {
        match session.revision() {
            Revision::V4 => self.begin_ping(session.id()),
            Revision::V3 => self.listening.push(session.expires().into(), session.id()),
        }
    }

    /// Pings the session one interval from now: after its handshake, and after each answer.
    pub(super) fn begin_ping(&self, id: Id) {
        self.pings.push(id);
    }

    /// Pings the session now.
    pub(super) fn ping(&self, session: &Arc<Session>) {
        if let Some(number) = session.ping() {
            self.pongs.push((session.id(), number));
        }
    }
}

/// Sends pings as they fall due.
pub async fn ping(transport: &Arc<Transport>) {
    loop {
        let id = tokio::select! {
            id = transport.heartbeat.pings.next() => id,
            () = transport.tasks.stopping() => return,
        };
        if let Some(session) = transport.find(&id) {
            transport.heartbeat.ping(&session);
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

/// Ends sessions of version 3 that did not ping.
pub async fn listen(transport: &Arc<Transport>) {
    loop {
        let id = tokio::select! {
            id = transport.heartbeat.listening.next() => id,
            () = transport.tasks.stopping() => return,
        };
        if let Some(session) = transport.find(&id)
            && let Some(again) = session.expire_or_wait()
        {
            transport.heartbeat.listening.push(again.into(), id);
        }
    }
}
