//! What belongs to an answer, while hyper has not all of its body.

use std::sync::Arc;

use super::{Unwritten, WayOut};

/// What belongs to an answer while its body is under way: kept, once that is hyper's, until it is out.
pub struct Outgoing {
    way: Arc<WayOut>,
    unwritten: Option<Box<dyn Unwritten>>,
    /// Bytes that wait, of a body that is kept whole until its end.
    bytes: usize,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Outgoing").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Outgoing {
    /// On a connection's way out.
    pub fn new(way: Arc<WayOut>, unwritten: Box<dyn Unwritten>) -> Self {
        Self { way, unwritten: Some(unwritten), bytes: 0 }
    }

    /// The way out.
    pub fn way(&self) -> &Arc<WayOut> {
        &self.way
    }

    /// The body has so many bytes, all of them here, and [counted](WayOut::wait) since they are.
    pub fn is_whole(&mut self, bytes: usize) {
        self.bytes += bytes;
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.way.take(self.bytes);
        if let Some(unwritten) = self.unwritten.take() {
            self.way.keep(unwritten);
        }
    }
}
