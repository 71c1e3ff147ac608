//! What the engine counts, with what it can tell of itself without looking at each session.

use std::sync::Weak;

use super::Core;
use crate::engine::{
    error::{Code, TABLE},
    lock::lock,
    metrics::{Family, Reading},
    way_out::WaysOut,
};

impl Core {
    /// The numbers as they are now. Takes the locks of the queue and of three tables, each for a look at its length.
    pub fn read_metrics(&self) -> Reading {
        let mut reading = self.metrics.read();
        let open = reading.sum(Family::SessionsOpened).saturating_sub(reading.sum(Family::SessionsClosed));
        reading.set(Family::SessionsOpen, open);
        reading.set(Family::SessionsHeld, self.held() as u64);
        let queue = self.queue.state();
        reading.set(Family::JavascriptDepth, queue.calls as u64);
        reading.set(Family::JavascriptQueuedBytes, queue.bytes as u64);
        reading.set(Family::JavascriptOldestSeconds, queue.oldest);
        reading.set_part(Family::JavascriptDropped, 0, queue.dropped.events);
        reading.set_part(Family::JavascriptDropped, 1, queue.dropped.lines);
        reading.set(Family::DecisionsOpen, self.decisions.len() as u64);
        for (part, row) in TABLE.iter().enumerate() {
            let raised = Code::named(row.code).map_or(0, |code| self.counters.get(code));
            reading.set_part(Family::Errors, part, raised);
        }
        reading.set(Family::HttpRequests, self.exchanges.opened());
        reading.set(Family::HttpInFlight, self.exchanges.len() as u64);
        let ways = lock(&self.ways_out).upgrade();
        reading.set(Family::HttpQueuedBytes, ways.map_or(0, |ways| ways.waiting() as u64));
        reading
    }

    /// The server that starts has these ways out.
    pub(in crate::engine) fn goes_out_by(&self, ways: Weak<WaysOut>) {
        *lock(&self.ways_out) = ways;
    }
}
