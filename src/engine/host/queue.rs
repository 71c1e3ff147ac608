//! The one queue into the host: bounded in number and bytes.

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::Call;
use crate::engine::lock::lock;

/// The queue is full, and this call is one that may be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue into the host is full")]
pub struct Full;

/// Calls in order.
///
/// Above the bounds, what only observes loses its oldest; what was asked for is refused ([`Queue::offer`]); what must not be
/// lost goes in all the same ([`Queue::push`]): it is bounded by what it tells of, connections and rooms.
#[derive(Debug)]
pub struct Queue {
    max_items: usize,
    max_bytes: usize,
    /// A std mutex: held to put in one call or take out a batch.
    state: Mutex<State>,
    /// Whether the host was woken and has not found the queue empty since.
    woken: AtomicBool,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// `None`: was dropped.
    calls: VecDeque<Option<Call>>,
    /// Position of the first of `calls` since the queue was made.
    first: u64,
    /// Positions of those that may be dropped.
    droppable: VecDeque<u64>,
    items: usize,
    bytes: usize,
    /// Of those that are bounded by not reading on; not among the two above.
    flowing: usize,
    flowing_bytes: usize,
}

impl Queue {
    /// An empty queue.
    pub fn new(max_items: u64, max_bytes: u64) -> Self {
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Self {
            max_items: size(max_items),
            max_bytes: size(max_bytes),
            state: Mutex::default(),
            woken: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        }
    }

    /// Puts a call in. `true`: the host is to be woken.
    pub fn push(&self, call: Call) -> bool {
        let mut state = lock(&self.state);
        state.put(call);
        while state.items > self.max_items || state.bytes > self.max_bytes {
            if !state.drop_oldest() {
                break;
            }
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        drop(state);
        !self.woken.swap(true, Ordering::AcqRel)
    }

    /// Puts a call in, unless too much waits that must not be lost.
    ///
    /// # Errors
    /// [`Full`].
    pub fn offer(&self, call: Call) -> Result<bool, Full> {
        if self.is_full_for(call.cost()) {
            return Err(Full);
        }
        Ok(self.push(call))
    }

    /// Whether so much waits that must not be lost that nobody new is let in of whom the host would have to be told.
    pub fn is_full(&self) -> bool {
        self.is_full_for(0)
    }

    fn is_full_for(&self, bytes: usize) -> bool {
        let state = lock(&self.state);
        let kept = state.items - state.droppable.len();
        kept >= self.max_items || state.bytes.saturating_add(bytes) > self.max_bytes.saturating_mul(2)
    }

    /// Takes up to `max` calls, oldest first. An empty answer means that the host will be woken for the next: one that was woken goes on
    /// until it has that, and needs no waking meanwhile.
    pub fn drain(&self, max: usize) -> Vec<Call> {
        let mut state = lock(&self.state);
        let mut batch = Vec::with_capacity(max.min(state.calls.len()));
        while batch.len() < max {
            match state.take_first() {
                Some(Some(call)) => batch.push(call),
                Some(None) => {}
                None => break,
            }
        }
        if batch.is_empty() {
            // Under the lock: whoever puts one in behind this finds it so, and wakes.
            self.woken.store(false, Ordering::Release);
        }
        if state.calls.is_empty() && state.calls.capacity() > 1_024 {
            state.calls = VecDeque::new();
            state.droppable = VecDeque::new();
        }
        batch
    }

    /// Whether so many events wait for listeners that those who send more are not to be read.
    pub fn is_flooded(&self) -> bool {
        let state = lock(&self.state);
        state.flowing > self.max_items || state.flowing_bytes > self.max_bytes
    }

    /// Whether so few wait again that everybody may be read on.
    pub fn has_ebbed(&self) -> bool {
        let state = lock(&self.state);
        state.flowing <= self.max_items / 2 && state.flowing_bytes <= self.max_bytes / 2
    }

    /// Calls that wait.
    pub fn len(&self) -> usize {
        let state = lock(&self.state);
        state.items + state.flowing
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many calls were dropped since this was last asked.
    pub fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }
}

impl State {
    fn put(&mut self, call: Call) {
        let (items, bytes) = self.counts(&call);
        *items += 1;
        *bytes += call.cost();
        if call.is_droppable() {
            self.droppable.push_back(self.first + self.calls.len() as u64);
        }
        self.calls.push_back(Some(call));
    }

    fn drop_oldest(&mut self) -> bool {
        let Some(position) = self.droppable.pop_front() else { return false };
        let index = usize::try_from(position - self.first).unwrap_or(usize::MAX);
        if let Some(call) = self.calls.get_mut(index).and_then(Option::take) {
            self.forget(&call);
        }
        while matches!(self.calls.front(), Some(None)) {
            self.calls.pop_front();
            self.first += 1;
        }
        true
    }

    fn take_first(&mut self) -> Option<Option<Call>> {
        let call = self.calls.pop_front()?;
        if self.droppable.front() == Some(&self.first) {
            self.droppable.pop_front();
        }
        self.first += 1;
        if let Some(call) = &call {
            self.forget(call);
        }
        Some(call)
    }

    fn forget(&mut self, call: &Call) {
        let (items, bytes) = self.counts(call);
        *items -= 1;
        *bytes -= call.cost();
    }

    fn counts(&mut self, call: &Call) -> (&mut usize, &mut usize) {
        if call.is_flowing() {
            (&mut self.flowing, &mut self.flowing_bytes)
        } else {
            (&mut self.items, &mut self.bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{
        event::{Draft, Event},
        ids::Id,
        payload::Payload,
    };

    fn event(offset: u64, local: u32) -> Call {
        let draft = Draft {
            name: "e".into(),
            from: "u".into(),
            data: Some(Payload::plain("1")),
            meta: None,
            timestamp: None,
        };
        Call::Event {
            key: 1,
            event: Arc::new(Event::new("r".into(), &draft, 0, offset)),
            recipients: 0,
            local,
        }
    }

    fn offsets(calls: &[Call]) -> Vec<u64> {
        calls
            .iter()
            .filter_map(|call| if let Call::Event { event, .. } = call { Some(event.offset) } else { None })
            .collect()
    }

    #[test]
    fn observers_lose_their_oldest_and_nothing_else_is_lost() {
        let queue = Queue::new(4, 1 << 20);
        let (one, two) = (Id::random(), Id::random());
        queue.push(Call::Refreshed(one));
        queue.push(event(1, 7));
        for offset in 2..10 {
            queue.push(event(offset, 0));
        }
        queue.push(Call::Refreshed(two));
        assert_eq!((queue.len(), queue.take_dropped()), (4, 7));
        let calls = queue.drain(10);
        assert!(matches!(calls[0], Call::Refreshed(id) if id == one));
        assert!(matches!(calls[3], Call::Refreshed(id) if id == two));
        assert_eq!(offsets(&calls), [1, 9]);
        assert!(queue.is_empty());
    }

    #[test]
    fn bytes_are_bounded_too() {
        let queue = Queue::new(1_000_000, 10_000);
        for offset in 1..1_000 {
            queue.push(event(offset, 0));
        }
        assert!(queue.len() < 60, "{}", queue.len());
        assert_eq!(offsets(&queue.drain(1_000)).last(), Some(&999));
    }

    #[test]
    fn what_is_asked_for_is_refused_when_full() {
        let queue = Queue::new(1, 1 << 20);
        assert_eq!(queue.offer(Call::Refreshed(Id::random())), Ok(true));
        assert_eq!(queue.offer(Call::Refreshed(Id::random())), Err(Full));
    }

    #[test]
    fn the_host_is_woken_once_until_it_finds_nothing() {
        let queue = Queue::new(10, 1 << 20);
        assert!(queue.push(event(1, 0)));
        assert!(!queue.push(event(2, 0)));
        assert_eq!(queue.drain(1).len(), 1);
        assert!(!queue.push(event(3, 0)));
        assert_eq!(offsets(&queue.drain(10)), [2, 3]);
        assert!(!queue.push(event(4, 0)));
        assert_eq!(offsets(&queue.drain(10)), [4]);
        assert!(queue.drain(10).is_empty());
        assert!(queue.push(event(5, 0)));
    }
}
