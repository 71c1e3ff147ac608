//! The engine without JavaScript, through real sockets.

mod adversarial;
mod capacity;
mod conversation;
mod decisions;
mod history;
mod interop;
mod order;
mod raw;
mod stalled;
mod support;
