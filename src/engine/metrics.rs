//! What the engine counts: one table of names, units and meanings, and a registry of counters for each engine.
//!
//! Ground: every floor counts here, and nothing here knows a floor. `docs/design/metrics.md` has the shape, `docs/metrics.md` is written from the
//! table.

mod reading;
mod registry;

use serde::Serialize;

pub use self::{
    reading::Reading,
    registry::{Metrics, nanoseconds},
};

/// What the number of a family means over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Grows from 0, for as long as the engine is there.
    Counter,
    /// How it is now.
    Gauge,
    /// How many observations there were, their sum, and how many were at most so large.
    Histogram,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Row {
    /// Path in the object that `dialogue.metrics()` gives.
    pub name: &'static str,
    /// What its number means over time.
    pub kind: Kind,
    /// What is counted or measured.
    pub unit: &'static str,
    /// What its numbers are told apart by; empty: it has one.
    pub label: &'static str,
    /// The values of the label, or the upper bounds of a histogram, in its unit.
    pub parts: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
}

impl Row {
    /// Cells of a thread's that it has.
    const fn width(&self) -> usize {
        match self.kind {
            // Above the last bound, and the sum.
            Kind::Histogram => self.parts.len() + 2,
            Kind::Counter | Kind::Gauge => {
                if self.parts.is_empty() {
                    1
                } else {
                    self.parts.len()
                }
            }
        }
    }
}

macro_rules! families {
    ($($(#[$attribute:meta])* $family:ident $name:literal $kind:ident $unit:literal ($label:literal $parts:expr) $help:literal;)*) => {
        /// A family of numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Family { $(#[doc = $help] $family,)* }

        /// All rows, in the order of [`Family`].
        pub const TABLE: &[Row] = &[
            $(Row { name: $name, kind: Kind::$kind, unit: $unit, label: $label, parts: $parts, help: $help },)*
        ];
    };
}

/// Upper bounds of how long something took.
const SECONDS: &[&str] =
    &["0.0001", "0.0003", "0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3", "10"];
/// The same in nanoseconds.
const NANOSECONDS: &[u64] = &[
    100_000,
    300_000,
    1_000_000,
    3_000_000,
    10_000_000,
    30_000_000,
    100_000_000,
    300_000_000,
    1_000_000_000,
    3_000_000_000,
    10_000_000_000,
];
/// Upper bounds of how many there were.
const SIZES: &[&str] = &["1", "4", "16", "64", "256", "1024", "4096", "16384"];
/// The same as numbers.
const SIZE_BOUNDS: &[u64] = &[1, 4, 16, 64, 256, 1_024, 4_096, 16_384];
/// The error codes, in the order of [`super::error::Code`].
const CODES: &[&str] = &{
    let mut codes = [""; super::error::TABLE.len()];
    let mut index = 0;
    while index < codes.len() {
        codes[index] = super::error::TABLE[index].code;
        index += 1;
    }
    codes
};

families! {
    SessionsOpen "sessions.open" Gauge "sessions" ("" &[]) "Connections of clients (Engine.IO sessions) that are open: those that were opened less those that were closed.";
    SessionsHeld "sessions.held" Gauge "sessions" ("" &[]) "Sessions that the server does not read from, since too much that they caused waits for JavaScript.";
    SessionsOpened "sessions.opened" Counter "sessions" ("transport" &["polling", "websocket"]) "Sessions that were opened, by the transport that they began with.";
    SessionsUpgraded "sessions.upgraded" Counter "sessions" ("" &[]) "Sessions that moved from long-polling to WebSocket.";
    SessionsRefused "sessions.refused" Counter "requests" ("reason" REFUSED) "Requests to the Socket.IO path that were refused. `connections`, `connectionsPerAddress` and `connectsPerAddress` are the limits of these names, `undecided`: JavaScript did not decide in time or could not be asked.";
    SessionsClosed "sessions.closed" Counter "sessions" ("reason" CLOSED) "Sessions that were closed. `slowConsumer`: the client did not read, and `limits.sendBuffer` was reached.";
    EventsNative "events.native" Counter "events" ("" &[]) "Events that clients triggered in rooms and that no JavaScript had to decide.";
    EventsDecided "events.decided" Counter "events" ("" &[]) "Events that clients triggered in rooms and that JavaScript was asked to decide (`beforeEach`, or a schema that the engine cannot judge), accepted or not.";
    EventsDropped "events.dropped" Counter "events" ("" &[]) "Events of clients for listeners of `io` that nobody listened to, or that came above `limits.eventRate`.";
    EventsDelivered "events.delivered" Counter "deliveries" ("" &[]) "Events that were queued for clients, once for each client: of rooms, and of `io` (`emit` to one socket or to many).";
    OutputFrames "output.frames" Counter "frames" ("transport" &["polling", "websocket"]) "Packets that left: WebSocket frames, or packets in the answers of polls.";
    OutputBytes "output.bytes" Counter "bytes" ("transport" &["polling", "websocket"]) "Bytes of them: with the heads of WebSocket frames, without TLS; of polls the bodies of the answers.";
    OutputWrites "output.writes" Counter "writes" ("" &[]) "Writes on the sockets of WebSockets, those that the socket did not take included: a system call each, unless there is TLS.";
    OutputFlush "output.flush" Histogram "sessions" ("" SIZES) "Sessions whose output was written in one turn of a thread.";
    OutputQueuedBytes "output.queuedBytes" Gauge "bytes" ("" &[]) "Bytes that wait in the server for clients to read. What leaves with the turn in which it was sent is not in it.";
    OutputLargestQueuedBytes "output.largestQueuedBytes" Gauge "bytes" ("" &[]) "Bytes that wait for the client for which most wait, rounded up to a power of two.";
    JavascriptDepth "javascript.depth" Gauge "calls" ("" &[]) "Calls of the engine that wait for JavaScript to take them.";
    JavascriptQueuedBytes "javascript.queuedBytes" Gauge "bytes" ("" &[]) "Bytes that they keep in memory, roughly.";
    JavascriptOldestSeconds "javascript.oldestSeconds" Gauge "seconds" ("" &[]) "How long the oldest of them has waited.";
    JavascriptWakes "javascript.wakes" Counter "wakes" ("" &[]) "How often JavaScript was woken.";
    JavascriptTaken "javascript.taken" Counter "calls" ("" &[]) "Calls that JavaScript took.";
    JavascriptLag "javascript.lagSeconds" Histogram "seconds" ("" SECONDS) "For each batch that JavaScript took: how long the oldest call in it had waited, from when it was put in.";
    JavascriptDropped "javascript.dropped" Counter "calls" ("kind" &["events", "lines"]) "What was lost since the queue was full (`limits.hookQueue`, `limits.hookQueueBytes`): events that only observers were to be told of, and lines of the log.";
    DecisionsOpen "decisions.open" Gauge "decisions" ("" &[]) "Questions to JavaScript (`beforeEach`, `beforeJoin`, `authenticate`, middleware, schemas) that are not answered yet.";
    DecisionsLatency "decisions.latencySeconds" Histogram "seconds" ("" SECONDS) "For each question that was answered: how long that took, waiting in the queue included.";
    DecisionsOverdue "decisions.overdue" Counter "decisions" ("" &[]) "Questions that were not answered within `limits.hookTimeout`. They have no latency.";
    DecisionsRefused "decisions.refused" Counter "decisions" ("" &[]) "Questions that were not asked, since too many waited (`limits.hookQueue`).";
    Errors "errors" Counter "errors" ("code" CODES) "Refusals that clients were sent, by their code.";
    HttpRequests "http.requests" Counter "requests" ("" &[]) "HTTP requests that were handed to `app`.";
    HttpInFlight "http.inFlight" Gauge "requests" ("" &[]) "Those of them that are not answered, or whose answer is not all out.";
    HttpQueuedBytes "http.queuedBytes" Gauge "bytes" ("" &[]) "Bytes of the answers of `app` that wait for clients to read (`limits.httpBuffer`).";
}

/// Why requests to the Socket.IO path are refused.
const REFUSED: &[&str] = &[
    "unknownTransport",
    "unknownSession",
    "badMethod",
    "badRequest",
    "transportMismatch",
    "noWebSocketHandshake",
    "middleware",
    "forbidden",
    "unsupportedVersion",
    "jsonp",
    "tooLarge",
    "connectionsPerAddress",
    "connectsPerAddress",
    "connections",
    "undecided",
];
/// Why sessions are closed.
const CLOSED: &[&str] = &[
    "transportClose",
    "transportError",
    "pingTimeout",
    "parseError",
    "badPacket",
    "tooLarge",
    "invalidText",
    "slowConsumer",
    "forcedClose",
    "serverShutdown",
];

impl Family {
    /// Its row.
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Its first cell of a thread's.
    fn first(self) -> usize {
        OFFSETS[self as usize]
    }
}

/// The first cell of each family, and how many there are in all.
const OFFSETS: [usize; TABLE.len() + 1] = {
    let mut offsets = [0; TABLE.len() + 1];
    let mut index = 0;
    while index < TABLE.len() {
        offsets[index + 1] = offsets[index] + TABLE[index].width();
        index += 1;
    }
    offsets
};
/// Cells of a thread's.
const CELLS: usize = OFFSETS[TABLE.len()];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_written_as_they_are_compared() {
        let read =
            |bounds: &[&str]| bounds.iter().map(|bound| bound.parse::<f64>().unwrap()).collect::<Vec<_>>();
        let nanoseconds: Vec<_> = NANOSECONDS.iter().map(|bound| *bound as f64 / 1e9).collect();
        assert_eq!(read(SECONDS), nanoseconds);
        assert_eq!(read(SIZES), SIZE_BOUNDS.iter().map(|bound| *bound as f64).collect::<Vec<_>>());
    }

    #[test]
    fn no_name_is_the_beginning_of_another() {
        for row in TABLE {
            let inside = format!("{}.", row.name);
            assert_eq!(TABLE.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
            assert!(!TABLE.iter().any(|other| other.name.starts_with(&inside)), "{}", row.name);
        }
    }
}
