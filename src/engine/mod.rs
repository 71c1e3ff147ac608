//! The engine. One floor stands on the next and calls up only by a trait:
//!
//! | floor | knows | calls up by |
//! |---|---|---|
//! | [`transport`] | bytes and sessions (Engine.IO 4) | [`transport::Upper`] |
//! | [`socketio`] | packets and namespaces (Socket.IO 5) | [`socketio::Handler`] |
//! | [`rooms`], [`commands`] | Dialogue, and no transport | [`host::Host`] |
//!
//! `connection` joins the wire to the commands, [`server`] composes everything, and nothing imports it. The other modules
//! are the ground: imported by all, importing none of the floors.

pub mod clock;
pub mod config;
pub mod error;
pub mod event;
pub mod ids;
pub mod jwt;
pub mod limits;
mod lock;
pub mod payload;
pub mod protocol;
pub mod schema;
mod shutdown;

pub mod client;
pub mod clients;
pub mod commands;
mod connection;
pub mod core;
pub mod gate;
pub mod host;
mod http;
mod rate_limit;
pub mod rooms;
pub mod server;
pub mod socketio;
pub mod transport;
