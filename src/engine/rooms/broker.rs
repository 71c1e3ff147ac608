//! Where publications go.

use std::sync::Arc;

use super::Publication;
use crate::engine::{
    client::{Client, Subscriber},
    payload::Payload,
};

/// Delivers what rooms say. Rooms know publications and who is to get them, and nothing of frames and sockets. Called under a room's order
/// lock: it may queue, and nothing else.
pub trait Broker: Send + Sync {
    /// A publication goes to subscribers of its room, in the order of the calls for that room.
    fn publish(&self, publication: &Publication, to: &[Arc<Subscriber>]);

    /// An event of the protocol goes to clients.
    fn tell(&self, to: &[&Arc<Client>], name: &str, payload: &Payload);
}
