//! Memory, measured in a process where nothing else runs.
//!
//! Counts are scaled down; with `DIALOGUE_TEST_LONG=1` they are the full ones.

mod arrivals;
mod bodies;
mod cleanups;
mod decisions;
mod fragments;
mod handshakes;
mod memory;
#[path = "../engine/raw.rs"]
#[allow(dead_code, reason = "the engine's other tests use the rest")]
mod raw;
mod replies;
mod rooms;
mod stalled;
#[path = "../engine/support.rs"]
#[allow(dead_code, reason = "the engine's other tests use the rest")]
mod support;
mod unheard;

mod tls;

use support::scaled;

/// Whether that is within 5 % of what was before, and what a few queues and tables take that are not quite empty.
fn is_back(held: usize, before: usize) -> bool {
    held as f64 <= before as f64 * 1.05 + 65_536.0
}

/// One test at a time: what another one allocates would be counted too.
async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    ALONE.lock().await
}
