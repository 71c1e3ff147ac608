//! What waits to be sent to one peer, counted in bytes.

use std::{cell::RefCell, collections::VecDeque, io, ops::AddAssign};

use super::{
    frame::{Frame, Frames},
    stream::Stream,
};
use crate::engine::metrics::Metrics;

/// Small frames for one peer leave in one write of at most this many bytes.
const WRITE_SIZE: usize = 64 * 1024;

thread_local! {
    /// Where small frames are joined: one per thread, not per connection.
    static JOINED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Frames in order, their cost, and how much of the first one was already written.
#[derive(Debug, Default)]
pub struct Outbox {
    frames: VecDeque<Frame>,
    cost: Cost,
    /// Cost of a batch that is being written at this moment.
    in_flight: Cost,
    /// Cost of what a poll was answered with, until that is written.
    polled: Cost,
    /// What of all this the metrics know.
    noted: usize,
}

/// Bytes of frames, by who caused them to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cost {
    /// Answers to what the peer asked for.
    asked: usize,
    /// All others.
    told: usize,
}

impl Cost {
    fn of<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Self {
        let mut cost = Self::default();
        for frame in frames {
            *(if frame.is_asked() { &mut cost.asked } else { &mut cost.told }) += frame.cost();
        }
        cost
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.asked += other.asked;
        self.told += other.told;
    }
}

/// Frames taken out of an outbox to be written without holding its lock.
#[derive(Debug, Default)]
pub struct Batch {
    frames: VecDeque<Frame>,
    /// Bytes of the first frame that were written.
    written: usize,
    /// What it wrote.
    output: Output,
}

/// What went out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Whole frames.
    pub frames: u64,
    /// Bytes.
    pub bytes: u64,
    /// Writes, those that took nothing included.
    pub writes: u64,
}

impl Outbox {
    /// Whether nothing waits here.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Bytes that are not written yet.
    pub fn waiting(&self) -> usize {
        let told = self.told();
        told + self.cost.asked + self.in_flight.asked + self.polled.asked
    }

    /// Those of them that nobody asked for.
    fn told(&self) -> usize {
        self.cost.told + self.in_flight.told + self.polled.told
    }

    /// Puts the frames of one packet in, together. `cap` bounds what nobody asked for; if none of that waits, a packet of any size is taken.
    /// An answer to what the peer asked for is always taken: it is made when there is room for it.
    ///
    /// Returns `false`, and takes nothing, where `cap` would be exceeded.
    pub fn push(&mut self, frames: &[Frame], cap: usize) -> bool {
        let cost = Cost::of(frames);
        let told = self.told();
        if told > 0 && cost.told > 0 && told + cost.told > cap {
            return false;
        }
        self.cost += cost;
        self.frames.extend(frames.iter().cloned());
        true
    }

    /// Puts one more frame in, whatever the cap: the last one of a connection.
    pub fn push_last(&mut self, frame: Frame) {
        self.cost += Cost::of([&frame]);
        self.frames.push_back(frame);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self { noted: self.noted, ..Self::default() };
    }

    /// Tells the metrics how much waits now.
    pub fn note(&mut self, metrics: &Metrics) {
        let waits = self.waiting();
        if waits != self.noted {
            metrics.outbox(std::mem::replace(&mut self.noted, waits), waits);
        }
    }

    /// Takes everything, to be written.
    pub fn take(&mut self, batch: &mut Batch) {
        debug_assert!(
            self.in_flight == Cost::default() && batch.frames.is_empty(),
            "one batch of an outbox at a time"
        );
        std::mem::swap(&mut self.frames, &mut batch.frames);
        self.in_flight = std::mem::take(&mut self.cost);
    }

    /// Takes everything, for a long-polling payload. It counts until [that is written](Self::polled_is_out).
    pub fn take_all(&mut self) -> VecDeque<Frame> {
        self.polled += std::mem::take(&mut self.cost);
        std::mem::take(&mut self.frames)
    }

    /// What a poll was answered with is written, or will not be.
    pub fn polled_is_out(&mut self) {
        self.polled = Cost::default();
    }

    /// Puts back what of a batch was not written, in front of what came meanwhile.
    pub fn restore(&mut self, batch: &mut Batch) {
        self.in_flight = Cost::default();
        if batch.frames.is_empty() {
            if self.frames.is_empty() {
                // An idle connection holds no buffer.
                self.frames = VecDeque::new();
            }
            return;
        }
        self.cost += Cost::of(&batch.frames);
        batch.frames.append(&mut self.frames);
        std::mem::swap(&mut self.frames, &mut batch.frames);
        batch.frames = VecDeque::new();
    }
}

impl Batch {
    /// A batch whose first frame was partly written earlier.
    pub fn resume(written: usize) -> Self {
        Self { frames: VecDeque::new(), written, output: Output::default() }
    }

    /// Bytes of the first remaining frame that were written.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Whether the socket took anything of it.
    pub fn moved(&self) -> bool {
        self.output.bytes > 0
    }

    /// What it wrote.
    pub fn output(&self) -> Output {
        self.output
    }

    /// Puts others in the place of its binary frames, of which none was written yet.
    pub fn replace_binary(&mut self, others: impl Fn(&Frame) -> Frames) {
        if !self.frames.iter().any(Frame::is_binary) {
            return;
        }
        for frame in std::mem::take(&mut self.frames) {
            if frame.is_binary() {
                self.frames.extend(others(&frame));
            } else {
                self.frames.push_back(frame);
            }
        }
    }

    /// Writes as much as the socket takes. `Ok(true)`: everything.
    ///
    /// # Errors
    /// The socket's own, other than that it takes no more now.
    pub fn write_to(&mut self, stream: &Stream) -> io::Result<bool> {
        while let Some(first) = self.frames.front() {
            let result = if self.frames.len() == 1 || first.wire().len() - self.written >= WRITE_SIZE {
                stream.try_write(&first.wire()[self.written..])
            } else {
                JOINED.with_borrow_mut(|joined| {
                    joined.clear();
                    let mut skip = self.written;
                    for frame in &self.frames {
                        let bytes = &frame.wire()[skip..];
                        skip = 0;
                        if !joined.is_empty() && joined.len() + bytes.len() > WRITE_SIZE {
                            break;
                        }
                        joined.extend_from_slice(bytes);
                    }
                    stream.try_write(joined)
                })
            };
            self.output.writes += 1;
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        stream.try_flush()
    }

    fn advance(&mut self, count: usize) {
        self.written += count;
        self.output.bytes += count as u64;
        while let Some(first) = self.frames.front() {
            let length = first.wire().len();
            if self.written < length {
                return;
            }
            self.written -= length;
            self.frames.pop_front();
            self.output.frames += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::transport::Revision;

    #[test]
    fn the_cap_counts_what_is_being_written_too() {
        let frame = Frame::text(&["x".repeat(100).as_str()]);
        let cap = 2 * frame.cost();
        let mut outbox = Outbox::default();
        assert!(
            outbox.push(&[Frame::text(&["x".repeat(10_000).as_str()])], cap),
            "an empty one takes any packet"
        );
        assert!(!outbox.push(std::slice::from_ref(&frame), cap));
        outbox.clear();
        assert!(outbox.push(&[frame.clone(), frame.clone()], cap));
        let mut batch = Batch::default();
        outbox.take(&mut batch);
        assert!(!outbox.push(std::slice::from_ref(&frame), cap), "the batch still counts");
        batch.advance(frame.wire().len() + 1);
        outbox.restore(&mut batch);
        assert_eq!(batch.written(), 1);
        assert!(outbox.push(std::slice::from_ref(&frame), cap));
        assert!(!outbox.push(&[frame], cap));
    }

    #[test]
    fn the_cap_counts_what_a_poll_was_answered_with_until_it_is_out() {
        let frame = Frame::text(&["x".repeat(100).as_str()]);
        let cap = 2 * frame.cost();
        let mut outbox = Outbox::default();
        assert!(outbox.push(&[frame.clone(), frame.clone()], cap));
        assert_eq!(outbox.take_all().len(), 2);
        assert!(!outbox.push(std::slice::from_ref(&frame), cap));
        outbox.polled_is_out();
        assert!(outbox.push(&[frame.clone(), frame], cap));
    }

    #[test]
    fn answers_to_what_was_asked_are_always_taken_and_leave_the_cap_to_the_others() {
        let told = Frame::text(&["x".repeat(100).as_str()]);
        let asked = Frame::text(&["y".repeat(1_000).as_str()]).asked_if(true);
        let cap = 2 * told.cost();
        let mut outbox = Outbox::default();
        for _ in 0..3 {
            assert!(outbox.push(std::slice::from_ref(&asked), cap));
        }
        assert!(outbox.push(&[told.clone(), told.clone()], cap));
        let mut batch = Batch::default();
        outbox.take(&mut batch);
        assert!(!outbox.push(std::slice::from_ref(&told), cap), "what is being written still counts");
        batch.advance(2 * asked.wire().len());
        assert!(batch.moved());
        outbox.restore(&mut batch);
        assert_eq!(outbox.waiting(), asked.cost() + 2 * told.cost());
        assert!(!outbox.push(std::slice::from_ref(&told), cap));
        assert!(outbox.push(&[asked], cap));
    }

    #[test]
    fn what_was_not_written_stays_in_front() {
        let mut outbox = Outbox::default();
        outbox.push(&[Frame::text(&["4a"]), Frame::text(&["4b"])], 10_000);
        let mut batch = Batch::default();
        outbox.take(&mut batch);
        outbox.push(&[Frame::text(&["4c"])], 10_000);
        batch.advance(4);
        outbox.restore(&mut batch);
        assert_eq!(Revision::V4.write(&outbox.take_all(), false).body, b"4b\x1e4c");
        assert!(outbox.is_empty());
    }
}
