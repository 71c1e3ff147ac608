//! Pings and their deadlines: two queues and two tasks for all sessions; of version 3, whose clients ping, one of each.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval};

use super::{CloseReason, Revision, Session, SocketOptions, Transport, ms};
use crate::engine::{
    clock::{Agenda, DeadlineQueue, ServiceClock},
    ids::Id,
};

/// How often the clock that peers' deadlines are on is looked at.
const TICK: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(1);
/// What timers are early by.
const TIMER_TICK: Duration = Duration::from_millis(3);

/// The heartbeats of all sessions.
pub struct Heartbeat {
    /// Sessions to be pinged.
    pings: DeadlineQueue<Id>,
    /// Pings to be answered.
    pongs: DeadlineQueue<Unanswered>,
    /// Sessions of version 3, and when the time of each may be up: one entry each.
    listening: Agenda<Id>,
    patience: Duration,
    /// What all of these deadlines are on.
    clock: ServiceClock,
    tick: Duration,
}

/// A ping that is to be answered.
struct Unanswered {
    session: Id,
    /// Which of its pings.
    number: u32,
    /// When it is overdue, on the clock of the heartbeat.
    due: Instant,
}

impl Heartbeat {
    /// No heartbeats yet.
    pub fn new(options: &SocketOptions) -> Self {
        let patience = ms(options.ping_timeout);
        let tick = (patience / 4).clamp(*TICK.start(), *TICK.end());
        Self {
            pings: DeadlineQueue::new(ms(options.ping_interval)),
            pongs: DeadlineQueue::new(patience),
            listening: Agenda::default(),
            patience,
            clock: ServiceClock::new(tick),
            tick,
        }
    }

    /// The clock of what peers are to do in time. It stands while the process does: peers are not to blame for that.
    pub(super) fn clock(&self) -> &ServiceClock {
        &self.clock
    }

    /// A session is open.
    pub fn begin(&self, session: &Session) {
        match session.revision() {
            Revision::V4 => self.begin_ping(session.id()),
            Revision::V3 => self.listening.push(self.clock.real(session.expires()).into(), session.id()),
        }
    }

    /// Pings the session one interval from now: after its handshake, and after each answer.
    pub(super) fn begin_ping(&self, id: Id) {
        self.pings.push(id);
    }

    /// Pings the session now.
    pub(super) fn ping(&self, session: &Arc<Session>) {
        if let Some(number) = session.ping() {
            let due = self.clock.now() + self.patience;
            self.pongs.push(Unanswered { session: session.id(), number, due });
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
    let heartbeat = &transport.heartbeat;
    loop {
        let unanswered = tokio::select! {
            due = heartbeat.pongs.next() => due,
            () = transport.tasks.stopping() => return,
        };
        if heartbeat.clock.now() + TIMER_TICK < unanswered.due {
            // The process stood still: the answer may be there, and nobody read it. All of that time is given again.
            heartbeat.pongs.push(unanswered);
            continue;
        }
        if let Some(session) = transport.find(&unanswered.session)
            && session.awaits_pong(unanswered.number)
        {
            session.close(CloseReason::PingTimeout);
        }
    }
}

/// Keeps the clock going while the process does.
pub async fn tick(transport: &Arc<Transport>) {
    let mut tick = interval(transport.heartbeat.tick);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {
                transport.heartbeat.clock.now();
            }
            () = transport.tasks.stopping() => return,
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
            transport.heartbeat.listening.push(transport.heartbeat.clock.real(again).into(), id);
        }
    }
}
