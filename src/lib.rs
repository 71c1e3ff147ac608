//! dialogue-rs: a real-time server for JavaScript on a Rust engine.
//!
//! - [`engine`]: the product in plain Rust. Sockets, rooms, events, history, HTTP. It knows nothing of JavaScript and asks
//!   its host through the trait [`engine::host::Host`].
//! - `binding`: the N-API half (feature `binding`). It converts and delegates, and decides nothing.
//!
//! The TypeScript face in `ts/` turns the binding's ids and JSON into the documented objects. `docs/design/` has the reasons.

pub mod engine;

#[cfg(all(feature = "binding", not(test)))]
mod binding;
