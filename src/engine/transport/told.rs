//! Who is told of the end: once, however the beginning and the end come together.

use crate::engine::sync::{Mutex, lock};

/// The receiver of a session, from when it is there until it was told of the end.
#[derive(Debug)]
pub struct Told<R>(Mutex<Slot<R>>);

#[derive(Debug)]
enum Slot<R> {
    /// There is none yet.
    Empty,
    Receives(R),
    Over,
}

impl<R: Clone> Told<R> {
    /// Nobody receives yet.
    pub fn new() -> Self {
        Self(Mutex::new(Slot::Empty))
    }

    /// From now on this one receives. What this returns came too late: the session ended before, and it is told so by the caller.
    pub fn begin(&self, receiver: R) -> Option<R> {
        let mut slot = lock(&self.0);
        if matches!(*slot, Slot::Over) {
            return Some(receiver);
        }
        *slot = Slot::Receives(receiver);
        None
    }

    /// The one that receives.
    pub fn receiver(&self) -> Option<R> {
        match &*lock(&self.0) {
            Slot::Receives(receiver) => Some(receiver.clone()),
            Slot::Empty | Slot::Over => None,
        }
    }

    /// The session is over: the one who is to be told, once. This lets go of it, which also breaks the circle of references.
    pub fn end(&self) -> Option<R> {
        match std::mem::replace(&mut *lock(&self.0), Slot::Over) {
            Slot::Receives(receiver) => Some(receiver),
            Slot::Empty | Slot::Over => None,
        }
    }
}
