//! Places for requests that the app works on.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::engine::way_out::Unwritten;

/// How many are taken, of how many there are.
#[derive(Debug)]
pub struct Places {
    taken: Arc<AtomicU64>,
    all: u64,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Place(Arc<AtomicU64>);

impl Places {
    /// So many, all free.
    pub fn new(all: u64) -> Self {
        Self { taken: Arc::default(), all }
    }

    /// One, if one is free.
    pub fn take(&self) -> Option<Place> {
        let place = (self.taken.fetch_add(1, Ordering::AcqRel) < self.all).then(|| Place(self.taken.clone()));
        if place.is_none() {
            self.taken.fetch_sub(1, Ordering::AcqRel);
        }
        place
    }
}

/// It is taken until the answer is out.
impl Unwritten for Place {
    fn written(self: Box<Self>) {}

    fn is_one(&self) -> bool {
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_was_given_back() {
        let places = Places::new(2);
        let (one, two) = (places.take(), places.take());
        assert!(one.is_some() && two.is_some());
        assert!(places.take().is_none());
        drop(one);
        let again = places.take();
        assert!(again.is_some() && places.take().is_none());
    }
}
