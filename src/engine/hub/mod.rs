//! Delivery within this process: what rooms say becomes frames, encoded once, in the outboxes of those that are to get it. `docs/design/hub.md`
//! says what it is to become.

use std::sync::Arc;

use super::{
    client::{Client, Subscriber},
    payload::Payload,
    protocol::outgoing,
    rooms::{Broker, Publication},
    socketio::packet,
};

/// The broker of a process that is alone.
#[derive(Debug, Default)]
pub struct LocalBroker;

impl Broker for LocalBroker {
    fn publish(&self, publication: &Publication, to: &[Arc<Subscriber>]) {
        let Some(first) = to.first() else { return };
        let frames = packet::event_with(first.nsp(), outgoing::EVENT, &publication.body);
        for subscriber in to {
            subscriber.send(&frames);
        }
    }

    fn tell(&self, to: &[&Arc<Client>], name: &str, payload: &Payload) {
        let Some(first) = to.first() else { return };
        let frames = packet::event_with(first.socket().nsp(), name, payload);
        for client in to {
            client.socket().send(&frames);
        }
    }
}
