//! The engine without JavaScript, through real sockets.

mod adversarial;
mod back_pressure;
// Its socket is a Unix one here; the engine knows named pipes too.
#[cfg(unix)]
mod behind;
mod capacity;
mod conversation;
mod decisions;
mod fairness;
mod handshake;
mod history;
mod interop;
mod io;
mod layers;
mod memberships;
mod order;
mod raw;
mod stalled;
mod support;
