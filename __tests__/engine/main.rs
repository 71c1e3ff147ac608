//! The engine without JavaScript, through real sockets.

mod capacity;
mod conversation;
mod history;
mod interop;
mod order;
mod stalled;
mod support;
