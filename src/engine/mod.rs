//! The engine. One floor stands on the next and calls up only by a trait:
//!
//! | floor | knows | calls up by |
//! |---|---|---|
//! | [`transport`] | bytes and sessions (Engine.IO 4, and 3 where it is let in) | [`transport::Upper`] |
//! | [`socketio`] | packets and namespaces (Socket.IO 5) | [`socketio::Handler`] |
//! | [`rooms`], [`commands`] | Dialogue, and no transport | [`host::Host`] |
//!
//! `connection` joins the wire to the commands, [`server`] composes everything, and nothing imports it. The other modules
//! are the ground: imported by all, importing none of the floors.

mod allocator;
pub mod clock;
pub mod config;
pub mod error;
pub mod event;
mod header_text;
pub mod ids;
pub mod jwt;
pub mod limits;
mod lock;
pub mod metrics;
mod occasional;
pub mod payload;
pub mod protocol;
mod query;
pub mod schema;
mod shutdown;
mod site;
mod sync;
mod threads;
pub mod tls;

#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;

mod back_pressure;
#[cfg(test)]
mod back_pressure_tests;
mod cause;
pub mod client;
pub mod clients;
pub mod commands;
pub mod connection;
pub mod core;
pub mod gate;
#[cfg(test)]
mod gate_tests;
pub mod host;
pub mod http;
mod hub;
pub mod io;
mod rate_limit;
pub mod rooms;
pub mod server;
pub mod socketio;
pub mod transport;
mod way_out;
