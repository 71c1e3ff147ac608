//! May it be said?

use std::sync::Arc;

use super::room::Room;
use crate::engine::{client::Client, core::Core, error::Refusal, event::Draft, host::Hooks};

/// Who says something.
#[derive(Debug)]
pub enum Sender<'a> {
    /// A client, which must be a member.
    Client(&'a Client),
    /// A client whose event the host decided. `local` comes back in the observers' call.
    Decided {
        /// The client, which must still be a member.
        client: &'a Client,
        /// A number of the host's.
        local: u64,
    },
    /// The program. `local` comes back in its own observer's call.
    Server {
        /// A number of the host's.
        local: u64,
    },
}

impl Sender<'_> {
    pub(super) fn local(&self) -> u64 {
        match self {
            Self::Client(_) => 0,
            Self::Decided { local, .. } | Self::Server { local } => *local,
        }
    }
}

/// Checks everything that decides about an event before it has a place: the room lives, the sender is in it, the event is
/// allowed, and its kind's history can take it.
pub fn accept(core: &Core, room: &Arc<Room>, sender: &Sender<'_>, draft: &Draft) -> Result<(), Refusal> {
    let state = room.state();
    if state.deleted {
        return Err(Refusal::room_not_found(room.id()));
    }
    let by_server = match sender {
        Sender::Client(client) | Sender::Decided { client, .. }
            if !state.members.contains_key(&client.id()) =>
        {
            return Err(Refusal::not_in_room(room.id()));
        }
        Sender::Client(_) | Sender::Decided { .. } => false,
        Sender::Server { .. } => true,
    };
    if !state.allows(&draft.name, by_server) {
        return Err(Refusal::event_not_allowed(&draft.name, room.id()));
    }
    let limits = core.limits();
    if core.hooks.any(Hooks::CLEANUP)
        && state.history_limit(&draft.name) > 0
        && !state.log.has_room(&draft.name, limits.hook_queue, limits.hook_queue_bytes)
    {
        return Err(Refusal::overloaded().in_room(room.id()).of_event(&draft.name));
    }
    Ok(())
}
