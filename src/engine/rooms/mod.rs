//! Rooms: who is in them, what is said in them, what they remember.
//!
//! An event's way is three functions in this order: [`accept`](accept::accept) (may it be said?),
//! [`sequence`](sequence::sequence) (its place in the room), [`deliver`] (to whom?). [`trigger`] runs them under the
//! room's order lock, so that all subscribers see one order and it is the order of history. In memory the second completes
//! inline; a store will complete it by callback.

mod accept;
mod announcements;
mod backlog;
mod broker;
mod cleanup;
mod history;
mod log;
mod membership;
mod publication;
mod registry;
mod room;
mod sequence;

use std::sync::Arc;

pub use self::{
    accept::{Sender, accept},
    announcements::announce,
    broker::Broker,
    history::{Page, load, newest, recent},
    membership::{Joined, join, leave, subscribe, unsubscribe},
    publication::{Origin, Publication},
    registry::{Allowance, NotCreated, Registry, create, create_for, delete, delete_for, update},
    room::{Position, Room},
};
use super::{
    core::Core,
    error::Refusal,
    event::Draft,
    host::{Call, Hooks},
    lock::lock,
    metrics::Family,
};

pub(super) use self::{
    cleanup::{forget_all, hand_over_all},
    membership::vacate,
};

/// Says something in a room: accept, sequence, deliver; then observers are told.
///
/// # Errors
/// Why it was not accepted; then nobody saw anything of it.
pub fn trigger(
    core: &Arc<Core>,
    room: &Arc<Room>,
    sender: &Sender<'_>,
    draft: &Draft,
) -> Result<Position, Refusal> {
    let order = lock(&room.order);
    accept(core, room, sender, draft)?;
    let publication = sequence::sequence(core, room, draft)?;
    let position = publication.position();
    let recipients = deliver(core, room, &publication);
    core.metrics.add(Family::EventsDelivered, recipients as u64);
    // Under the order lock, so that observers see offsets in order.
    if core.hooks.any(Hooks::EVENTS) || room.is_observed(&publication.name) {
        core.tell(Call::Event { publication, recipients, local: sender.local() });
    }
    drop(order);
    Ok(position)
}

/// Hands a publication to the subscribers of its room; how many those are. It does not know who said it: another node will call it with the
/// same.
fn deliver(core: &Core, room: &Room, publication: &Publication) -> usize {
    let targets = room.state().targets(&publication.name);
    core.broker.publish(publication, &targets);
    targets.len()
}
