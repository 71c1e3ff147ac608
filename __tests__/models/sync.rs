//! What `src/engine/sync.rs` is, of loom.

pub use loom::sync::{Mutex, atomic};

pub fn lock<T>(mutex: &Mutex<T>) -> loom::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
