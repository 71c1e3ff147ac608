//! What has something to write, and who may be woken for it.

use crate::engine::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
    lock,
};

/// Sessions with something to write.
#[derive(Debug)]
pub struct Marks<T>(Mutex<Vec<T>>);

impl<T> Default for Marks<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T> Marks<T> {
    /// Remembers one. `true`: the flusher is to be woken.
    pub fn put(&self, marked: T, cork: &Cork) -> bool {
        let mut all = lock(&self.0);
        all.push(marked);
        let is_first = all.len() == 1;
        drop(all);
        is_first && !cork.is_in()
    }

    /// Whether there are any: asked by one who took the last cork out.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Takes all of them, and leaves the room of those in `taken`, which is empty.
    pub fn swap(&self, taken: &mut Vec<T>) {
        std::mem::swap(taken, &mut *lock(&self.0));
    }
}

/// Holds flushers back while one thread says several things at once, so that they leave in one write per connection.
#[derive(Debug, Default)]
pub struct Cork(AtomicUsize);

impl Cork {
    fn is_in(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    /// Holds back from now on.
    pub fn put_in(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// `true`: nobody holds back any more, and what was marked in between is to be flushed. A session that is marked without a wake
    /// was marked before this, so that one who wakes the flushers now finds it.
    pub fn take_out(&self) -> bool {
        self.0.fetch_sub(1, Ordering::SeqCst) == 1
    }
}
