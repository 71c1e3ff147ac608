//! What the small protocols between threads are made of. `__tests__/models/` compiles their files with loom's in its place.

pub use std::sync::{Mutex, atomic};

pub use super::lock::lock;
