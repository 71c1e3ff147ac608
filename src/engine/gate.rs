//! A connection's commands that have to wait: for its welcome, or behind one that JavaScript decides.

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use super::{lock::lock, socketio::IncomingEvent};

/// Bytes of waiting commands from which on a connection is not read.
const MAX_WAITING: usize = 1 << 20;

/// Keeps a connection's commands in order across both lanes.
#[derive(Debug)]
pub struct Gate {
    /// Nothing holds and nothing waits: lets nearly every command pass without the lock below.
    open: AtomicBool,
    /// A std mutex: held to put one command in or take one out.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Commands that are not decided, and one more until the welcome is over.
    holds: usize,
    /// The welcome is over.
    welcomed: bool,
    /// Somebody is handling what waits.
    draining: bool,
    waiting: VecDeque<(IncomingEvent, Instant)>,
    bytes: usize,
}

/// What became of a command that came.
#[derive(Debug)]
pub enum Passage {
    /// It is handled now.
    Now(IncomingEvent),
    /// It waits; `full`: and so much that the connection is not to be read on.
    Later {
        /// Whether too much waits.
        full: bool,
    },
}

/// The next command that waited.
#[derive(Debug)]
pub struct Next {
    /// The command.
    pub event: IncomingEvent,
    /// When it came: what the host is to decide of it is due from then.
    pub since: Instant,
    /// Whether the connection may be read on from here.
    pub resume: bool,
}

impl Gate {
    /// An open gate, or one that is closed until the welcome is over.
    pub fn new(welcomed: bool) -> Self {
        let state = State { holds: usize::from(!welcomed), welcomed, ..State::default() };
        Self { open: AtomicBool::new(welcomed), state: Mutex::new(state) }
    }

    /// A command came. `joins`: whether it may be decided together with those that are not decided yet.
    pub fn enter(&self, event: IncomingEvent, joins: impl Fn(&IncomingEvent) -> bool) -> Passage {
        if self.open.load(Ordering::Acquire) {
            return Passage::Now(event);
        }
        let mut state = lock(&self.state);
        if state.may_pass(&event, &joins) && state.waiting.is_empty() && !state.draining {
            return Passage::Now(event);
        }
        state.bytes += cost(&event);
        state.waiting.push_back((event, Instant::now()));
        Passage::Later { full: state.bytes > MAX_WAITING }
    }

    /// What follows waits until this is released.
    pub fn hold(&self) {
        let mut state = lock(&self.state);
        state.holds += 1;
        self.open.store(false, Ordering::Release);
    }

    /// The welcome is over. `true`: the caller handles what waits.
    pub fn welcomed(&self) -> bool {
        let mut state = lock(&self.state);
        !std::mem::replace(&mut state.welcomed, true) && self.released(&mut state)
    }

    /// One was decided. `true`: the caller handles what waits.
    pub fn release(&self) -> bool {
        self.released(&mut lock(&self.state))
    }

    fn released(&self, state: &mut State) -> bool {
        state.holds = state.holds.saturating_sub(1);
        if state.draining || state.holds > 0 {
            return false;
        }
        if state.waiting.is_empty() {
            self.open.store(true, Ordering::Release);
            return false;
        }
        state.draining = true;
        true
    }

    /// The next command, for the one who handles what waits. `None`: stop; nothing waits, or it has to wait on.
    pub fn next(&self, joins: impl Fn(&IncomingEvent) -> bool) -> Option<Next> {
        let mut state = lock(&self.state);
        let passes = state.waiting.front().is_some_and(|(event, _)| state.may_pass(event, &joins));
        let Some((event, since)) = passes.then(|| state.waiting.pop_front()).flatten() else {
            state.draining = false;
            if state.waiting.is_empty() {
                state.waiting = VecDeque::new();
                if state.holds == 0 {
                    self.open.store(true, Ordering::Release);
                }
            }
            return None;
        };
        let before = state.bytes;
        state.bytes -= cost(&event);
        Some(Next { event, since, resume: before > MAX_WAITING && state.bytes <= MAX_WAITING })
    }
}

impl State {
    fn may_pass(&self, event: &IncomingEvent, joins: &impl Fn(&IncomingEvent) -> bool) -> bool {
        self.holds == 0 || (self.welcomed && joins(event))
    }
}

fn cost(event: &IncomingEvent) -> usize {
    event.size() + size_of::<IncomingEvent>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str) -> IncomingEvent {
        IncomingEvent {
            name: name.to_owned().into(),
            whole: Default::default(),
            args: Default::default(),
            attachments: Vec::new(),
            ack: None,
        }
    }

    fn joins(event: &IncomingEvent) -> bool {
        event.name.as_str() == "decided"
    }

    fn passes(gate: &Gate, name: &str) -> bool {
        matches!(gate.enter(event(name), joins), Passage::Now(_))
    }

    fn waiting(gate: &Gate) -> Vec<String> {
        std::iter::from_fn(|| gate.next(joins).map(|next| next.event.name.to_string())).collect()
    }

    #[test]
    fn nothing_passes_before_the_welcome_is_over() {
        let gate = Gate::new(false);
        assert!(!passes(&gate, "decided") && !passes(&gate, "other"));
        assert!(gate.welcomed());
        assert!(!passes(&gate, "late"), "it queues behind those that wait");
        assert_eq!(waiting(&gate), ["decided", "other", "late"]);
        assert!(passes(&gate, "other"));
        assert!(!gate.welcomed(), "once");
    }

    #[test]
    fn only_what_is_decided_too_passes_behind_a_decision() {
        let gate = Gate::new(true);
        gate.hold();
        assert!(passes(&gate, "decided"));
        gate.hold();
        assert!(!passes(&gate, "other"));
        assert!(!passes(&gate, "decided"), "not before the other one");
        assert!(!gate.release());
        assert!(gate.release());
        assert_eq!(waiting(&gate), ["other", "decided"]);
        assert!(passes(&gate, "other"));
    }

    #[test]
    fn draining_stops_where_a_command_holds_again() {
        let gate = Gate::new(false);
        assert!(!passes(&gate, "decided") && !passes(&gate, "decided") && !passes(&gate, "other"));
        assert!(gate.welcomed());
        for _ in 0..2 {
            assert!(gate.next(joins).is_some());
            gate.hold();
        }
        assert!(gate.next(joins).is_none(), "'other' waits");
        assert!(!gate.release() && gate.release());
        assert_eq!(waiting(&gate), ["other"]);
    }

    #[test]
    fn too_much_waiting_is_said_and_so_is_its_end() {
        let gate = Gate::new(false);
        let big =
            || IncomingEvent { args: [" ".repeat(600_000).into()].into_iter().collect(), ..event("other") };
        assert!(matches!(gate.enter(big(), joins), Passage::Later { full: false }));
        assert!(matches!(gate.enter(big(), joins), Passage::Later { full: true }));
        assert!(gate.welcomed());
        assert!(gate.next(joins).unwrap().resume);
        assert!(!gate.next(joins).unwrap().resume);
    }
}
