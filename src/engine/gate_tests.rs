//! Of `gate.rs`, which `__tests__/models/` compiles too.

use std::cell::Cell;

use super::gate::{Gate, Waits};

#[derive(Debug)]
struct Command(&'static str, usize);

impl Waits for Command {
    fn cost(&self) -> usize {
        self.1
    }
}

fn joins(command: &Command) -> bool {
    command.0 == "decided"
}

fn passes(gate: &Gate<Command>, name: &'static str) -> bool {
    gate.enter(Command(name, 0), joins, || ()).is_some()
}

fn waiting(gate: &Gate<Command>) -> Vec<&'static str> {
    std::iter::from_fn(|| gate.next(joins, || ()).map(|(command, _)| command.0)).collect()
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
        assert!(gate.next(joins, || ()).is_some());
        gate.hold();
    }
    assert!(gate.next(joins, || ()).is_none(), "'other' waits");
    assert!(!gate.release() && gate.release());
    assert_eq!(waiting(&gate), ["other"]);
}

#[test]
fn what_is_stopped_waits_with_all_that_follow() {
    let gate = Gate::new(true);
    gate.stop(Command("first", 0), || ());
    assert!(!passes(&gate, "decided") && !passes(&gate, "other"));
    assert!(gate.release());
    assert_eq!(waiting(&gate), ["first", "decided", "other"]);
}

#[test]
fn a_connection_is_paused_once_and_resumed_once() {
    let gate = Gate::new(false);
    let (paused, resumed) = (Cell::new(0), Cell::new(0));
    let big = || Command("other", 600_000);
    for count in [0, 1, 1] {
        assert!(gate.enter(big(), joins, || paused.set(paused.get() + 1)).is_none());
        assert_eq!(paused.get(), count);
    }
    assert!(gate.welcomed());
    for count in [0, 1, 1] {
        assert!(gate.next(joins, || resumed.set(resumed.get() + 1)).is_some());
        assert_eq!(resumed.get(), count);
    }
}
