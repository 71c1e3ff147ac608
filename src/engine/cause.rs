//! Which connection causes what is being done: what the host is told of it counts for that connection.

use std::{cell::RefCell, sync::Arc};

use super::{
    back_pressure::Peer,
    host::Account,
    transport::{Pause, Session},
};

thread_local! {
    static CAUSE: RefCell<Option<Arc<Session>>> = const { RefCell::new(None) };
}

/// Puts the cause before it back, also where there is a panic.
struct Before(Option<Arc<Session>>);

impl Drop for Before {
    fn drop(&mut self) {
        CAUSE.with(|cause| *cause.borrow_mut() = self.0.take());
    }
}

/// Does what a connection asked for.
pub fn by<T>(session: &Arc<Session>, act: impl FnOnce() -> T) -> T {
    caused(Some(session.clone()), act)
}

/// The same, where nobody may have asked: the program itself, or time.
pub fn caused<T>(session: Option<Arc<Session>>, act: impl FnOnce() -> T) -> T {
    let _before = Before(CAUSE.with(|cause| std::mem::replace(&mut *cause.borrow_mut(), session)));
    act()
}

/// The connection that asked for what this thread does.
pub fn current() -> Option<Arc<Session>> {
    CAUSE.with(|cause| cause.borrow().clone())
}

impl Peer for Arc<Session> {
    fn account(&self) -> &Account {
        Session::account(self)
    }

    fn pause(&self) {
        Session::pause(self, Pause::Events);
    }

    fn resume(&self) {
        Session::resume(self, Pause::Events);
    }

    fn is_open(&self) -> bool {
        Session::is_open(self)
    }
}
