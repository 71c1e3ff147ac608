//! Holding a session's output back, so that somebody else hears of something before its peer does.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::Session;

/// While it is there, and was not [released](Hold::release), what its session sends is only queued. The end of the session, and
/// of the server, does not wait for it.
#[derive(Debug)]
pub struct Hold {
    session: Arc<Session>,
    released: AtomicBool,
}

impl Hold {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { session, released: AtomicBool::new(false) }
    }

    /// Lets go, once.
    pub fn release(&self) {
        if !self.released.swap(true, Ordering::AcqRel) {
            self.session.let_go();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}
