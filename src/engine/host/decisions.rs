//! What the host decides, in order, each with a deadline.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::value::RawValue;

use super::HttpResponse;
use crate::engine::{
    error::Code,
    lock::lock,
    metrics::{Family, Metrics, nanoseconds},
    payload::Payload,
};

/// What the host decided.
#[derive(Debug)]
pub enum Verdict {
    /// It may be. For an event: what is to be said.
    Accept {
        /// The payload after schema and hooks.
        data: Option<Payload>,
        /// Beside the payload.
        meta: Option<Payload>,
        /// Number under which the host keeps what it produced; 0: none.
        local: u64,
    },
    /// Who connects, says `authenticate`.
    Identify {
        /// The user id.
        user_id: String,
    },
    /// It may not be.
    Refuse {
        /// The code.
        code: Code,
        /// For the client to read.
        reason: String,
        /// What a schema found: `[{ path, message }, …]`.
        issues: Option<Box<RawValue>>,
    },
    /// It may not be, in the words of the program's own middleware.
    Reject {
        /// JSON text for the `message` of the client's `connect_error`, if that is to have one.
        message: Option<String>,
        /// The same for its `data`.
        data: Option<String>,
    },
    /// What becomes of a request to the Socket.IO path.
    Request(RequestVerdict),
    /// The host did not decide in time, or cannot be asked.
    Overdue,
}

/// What the host decided of a request to the Socket.IO path. Headers: names and values, in order.
#[derive(Debug)]
pub enum RequestVerdict {
    /// It goes on.
    Pass {
        /// For the answer, whatever that is.
        headers: Vec<(String, String)>,
    },
    /// The host has answered it.
    Answered(HttpResponse),
    /// It is refused. The host knows.
    Barred {
        /// `allowRequest` said no; else a middleware failed.
        forbidden: bool,
        /// For the client to read.
        message: Option<String>,
        /// For the answer.
        headers: Vec<(String, String)>,
    },
}

type Apply = Box<dyn FnOnce(Verdict) + Send>;

/// Undecided questions, oldest first.
///
/// All have the same patience, so the overdue ones have the smallest tickets. A map in the order of tickets, and no queue: one question that stays
/// open would keep the places of all that were decided behind it.
pub struct Decisions {
    patience: Duration,
    metrics: Arc<Metrics>,
    /// A std mutex: held to put in or take out one; never while a verdict is applied.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Ticket of the last question.
    last: u64,
    /// With the time of the question.
    open: BTreeMap<u64, (Instant, Apply)>,
}

impl std::fmt::Debug for Decisions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Decisions").field("open", &lock(&self.state).open.len()).finish()
    }
}

impl Decisions {
    /// Nothing to decide yet.
    pub fn new(patience: Duration, metrics: Arc<Metrics>) -> Self {
        Self { patience, metrics, state: Mutex::default() }
    }

    /// Remembers what a verdict will do, and says under which ticket.
    pub fn issue(&self, apply: impl FnOnce(Verdict) + Send + 'static) -> u64 {
        let asked = Instant::now();
        let mut state = lock(&self.state);
        state.last += 1;
        let ticket = state.last;
        state.open.insert(ticket, (asked, Box::new(apply)));
        ticket
    }

    /// Whether a ticket still waits for its verdict.
    pub fn is_open(&self, ticket: u64) -> bool {
        lock(&self.state).open.contains_key(&ticket)
    }

    /// How many tickets wait for their verdict.
    pub fn len(&self) -> usize {
        lock(&self.state).open.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Applies a verdict. `false`: the ticket was decided, overdue or made up.
    pub fn answer(&self, ticket: u64, verdict: Verdict) -> bool {
        let open = lock(&self.state).open.remove(&ticket);
        let Some((asked, apply)) = open else { return false };
        match verdict {
            Verdict::Overdue => {}
            // The host itself looked at the clock.
            Verdict::Refuse { code: Code::Overloaded, .. } => self.metrics.add(Family::DecisionsOverdue, 1),
            _ => self.metrics.observe(Family::DecisionsLatency, nanoseconds(asked)),
        }
        apply(verdict);
        true
    }

    /// Ends those whose time is up; returns how many those were.
    pub fn expire(&self) -> usize {
        let now = Instant::now();
        let overdue = self.end_while(|asked| now.duration_since(asked) >= self.patience);
        self.metrics.add(Family::DecisionsOverdue, overdue as u64);
        overdue
    }

    /// Nobody waits any more: ends all of them.
    pub fn give_up(&self) {
        self.end_while(|_| true);
    }

    /// Ends the oldest as long as they are such.
    fn end_while(&self, ends: impl Fn(Instant) -> bool) -> usize {
        let mut ended = 0;
        loop {
            let apply = {
                let mut state = lock(&self.state);
                match state.open.first_entry() {
                    Some(oldest) if ends(oldest.get().0) => oldest.remove().1,
                    _ => return ended,
                }
            };
            ended += 1;
            apply(Verdict::Overdue);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn each_ticket_is_decided_once_in_whatever_order() {
        let decisions = Decisions::new(Duration::from_secs(10), Arc::new(Metrics::new(1)));
        let accepted = Arc::new(AtomicUsize::new(0));
        let tickets: Vec<_> = (0..3)
            .map(|_| {
                let accepted = accepted.clone();
                decisions.issue(move |verdict| {
                    accepted
                        .fetch_add(usize::from(matches!(verdict, Verdict::Accept { .. })), Ordering::Relaxed);
                })
            })
            .collect();
        assert_eq!(tickets, [1, 2, 3]);
        let accept = || Verdict::Accept { data: None, meta: None, local: 0 };
        for ticket in [2, 1, 3] {
            assert!(decisions.is_open(ticket) && decisions.answer(ticket, accept()));
            assert!(!decisions.is_open(ticket) && !decisions.answer(ticket, accept()));
        }
        assert_eq!(accepted.load(Ordering::Relaxed), 3);
        assert!(lock(&decisions.state).open.is_empty());
        assert!(!decisions.answer(0, Verdict::Overdue) && !decisions.answer(99, Verdict::Overdue));
    }

    #[test]
    fn overdue_ones_are_told_so() {
        let decisions = Decisions::new(Duration::ZERO, Arc::new(Metrics::new(1)));
        let ticket = decisions.issue(|verdict| assert!(matches!(verdict, Verdict::Overdue)));
        assert_eq!(decisions.expire(), 1);
        assert!(!decisions.is_open(ticket));
    }

    #[test]
    fn giving_up_is_for_those_in_time_too() {
        let decisions = Decisions::new(Duration::from_secs(10), Arc::new(Metrics::new(1)));
        let ticket = decisions.issue(|verdict| assert!(matches!(verdict, Verdict::Overdue)));
        assert_eq!(decisions.expire(), 0);
        decisions.give_up();
        assert!(!decisions.is_open(ticket));
    }
}
