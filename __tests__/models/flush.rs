//! Outbox and flush: what is queued is written, once and in order, whoever of two threads does it. As `Session::send`, `flush` and
//! `unblock` do it step by step.

use loom::{
    sync::{Arc, Mutex},
    thread,
};

use crate::explore;

#[derive(Default)]
struct State {
    outbox: Vec<u8>,
    marked: bool,
    flushing: bool,
    blocked: bool,
}

struct Session {
    state: Mutex<State>,
    wire: Mutex<Wire>,
}

struct Wire {
    written: Vec<u8>,
    /// Frames that it takes before it is full, once.
    room: usize,
}

impl Session {
    /// Queues a frame. `true`: the session is marked for a flusher.
    fn send(&self, frame: u8) -> bool {
        let mut state = self.state.lock().unwrap();
        state.outbox.push(frame);
        let marks = !state.marked && !state.flushing && !state.blocked;
        state.marked |= marks;
        marks
    }

    /// `false`: the socket takes no more, and the connection's own task waits for it.
    fn flush(&self) -> bool {
        loop {
            let mut batch = {
                let mut state = self.state.lock().unwrap();
                state.marked = false;
                if state.flushing || state.blocked || state.outbox.is_empty() {
                    return true;
                }
                state.flushing = true;
                std::mem::take(&mut state.outbox)
            };
            let takes_all = {
                let mut wire = self.wire.lock().unwrap();
                let count = batch.len().min(wire.room);
                wire.room -= count;
                wire.written.extend(batch.drain(..count));
                batch.is_empty()
            };
            let mut state = self.state.lock().unwrap();
            state.flushing = false;
            batch.append(&mut state.outbox);
            state.outbox = batch;
            if !takes_all {
                state.blocked = true;
                return false;
            }
        }
    }

    fn unblock(&self) {
        self.wire.lock().unwrap().room = usize::MAX;
        self.state.lock().unwrap().blocked = false;
        self.flush();
    }
}

#[test]
fn what_is_queued_is_written_once_and_in_order() {
    for room in [1, usize::MAX] {
        explore(move || {
            let wire = Wire { written: Vec::new(), room };
            let session = Arc::new(Session { state: Mutex::default(), wire: Mutex::new(wire) });
            let flushing = session.clone();
            // Two flushers at once: the one that has the session's mark, and its own task.
            let other = thread::spawn(move || {
                if !flushing.flush() {
                    flushing.unblock();
                }
            });
            for frame in [1, 2] {
                if session.send(frame) && !session.flush() {
                    session.unblock();
                }
            }
            other.join().unwrap();
            assert_eq!(session.wire.lock().unwrap().written, [1, 2]);
        });
    }
}
