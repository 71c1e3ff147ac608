//! A connection's commands that have to wait: for its welcome, behind one that JavaScript decides, or until the host took what it caused.

use std::{collections::VecDeque, time::Instant};

use super::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
    lock,
};

/// Bytes of waiting commands from which on a connection is not read.
const MAX_WAITING: usize = 1 << 20;

/// What may wait at a gate.
pub trait Waits {
    /// Bytes that it keeps alive while it waits, roughly.
    fn cost(&self) -> usize;
}

/// Keeps a connection's commands in order across both lanes.
#[derive(Debug)]
pub struct Gate<T> {
    /// Nothing holds and nothing waits: lets nearly every command pass without the lock below.
    open: AtomicBool,
    /// A std mutex: held to put one command in or take one out, and around pausing or resuming its connection.
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    /// Commands that are not decided, and one more until the welcome is over.
    holds: usize,
    /// The welcome is over.
    welcomed: bool,
    /// Somebody is handling what waits.
    draining: bool,
    waiting: VecDeque<(T, Instant)>,
    bytes: usize,
    /// So much waited that its connection is not read.
    paused: bool,
}

impl<T: Waits> Gate<T> {
    /// An open gate, or one that is closed until the welcome is over.
    pub fn new(welcomed: bool) -> Self {
        let state = State {
            holds: usize::from(!welcomed),
            welcomed,
            draining: false,
            waiting: VecDeque::new(),
            bytes: 0,
            paused: false,
        };
        Self { open: AtomicBool::new(welcomed), state: Mutex::new(state) }
    }

    /// A command came. What this returns is handled now; the rest waits. `joins`: whether it may be decided together with those that are not
    /// decided yet. `pause`: so much waits that the connection is not to be read on. It is called under the lock: outside it, it could come
    /// behind the `resume` of [`Gate::next`], and the connection would never be read again.
    pub fn enter(&self, command: T, joins: impl Fn(&T) -> bool, pause: impl FnOnce()) -> Option<T> {
        if self.open.load(Ordering::Acquire) {
            return Some(command);
        }
        let mut state = lock(&self.state);
        if state.may_pass(&command, &joins) && state.waiting.is_empty() && !state.draining {
            return Some(command);
        }
        state.put(command, pause);
        None
    }

    /// A command came, and waits with all that follow until this is [released](Gate::release).
    pub fn stop(&self, command: T, pause: impl FnOnce()) {
        let mut state = lock(&self.state);
        self.close(&mut state);
        state.put(command, pause);
    }

    /// What follows waits until this is released.
    pub fn hold(&self) {
        self.close(&mut lock(&self.state));
    }

    fn close(&self, state: &mut State<T>) {
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

    fn released(&self, state: &mut State<T>) -> bool {
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

    /// The next command and when it came, for the one who handles what waits. `None`: stop; nothing waits, or it has to wait on. `resume`: so
    /// little waits that the connection may be read on. It is called under the lock, as `pause` is.
    pub fn next(&self, joins: impl Fn(&T) -> bool, resume: impl FnOnce()) -> Option<(T, Instant)> {
        let mut state = lock(&self.state);
        let passes = state.waiting.front().is_some_and(|(command, _)| state.may_pass(command, &joins));
        let Some((command, since)) = passes.then(|| state.waiting.pop_front()).flatten() else {
            state.draining = false;
            if state.waiting.is_empty() {
                state.waiting = VecDeque::new();
                if state.holds == 0 {
                    self.open.store(true, Ordering::Release);
                }
            }
            return None;
        };
        state.bytes -= cost(&command);
        if state.paused && state.bytes <= MAX_WAITING {
            state.paused = false;
            resume();
        }
        Some((command, since))
    }
}

impl<T: Waits> State<T> {
    fn may_pass(&self, command: &T, joins: &impl Fn(&T) -> bool) -> bool {
        self.holds == 0 || (self.welcomed && joins(command))
    }

    fn put(&mut self, command: T, pause: impl FnOnce()) {
        self.bytes += cost(&command);
        self.waiting.push_back((command, Instant::now()));
        if self.bytes > MAX_WAITING && !self.paused {
            self.paused = true;
            pause();
        }
    }
}

fn cost<T: Waits>(command: &T) -> usize {
    command.cost() + size_of::<T>()
}
