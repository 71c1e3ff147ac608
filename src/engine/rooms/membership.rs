//! Joining, leaving, subscribing.

use std::sync::{Arc, atomic::Ordering};

use super::room::{Member, Position, Room};
use crate::engine::{
    client::{AddRoom, Client},
    config::Sync,
    core::Core,
    error::Refusal,
    host::{Call, Hooks},
    limits::Limits,
    lock::lock,
};

/// What one who joined is told.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The room's name for people.
    pub name: String,
    /// Position of the newest event: what comes later, comes after this.
    pub position: Position,
    /// History to be sent, if the room syncs any and this member had none.
    pub sync: Sync,
}

impl Joined {
    /// Whether it is to be sent history.
    pub fn has_history(&self) -> bool {
        self.sync != Sync::Nothing
    }
}

/// Makes the client a member, unless the room is full or gone.
///
/// `welcome` is called under the room's order lock, so that what it sends comes before any later event of the room. A member
/// who joins again is welcomed again, and nothing else happens. `history`: what to sync instead of the room's own setting.
///
/// # Errors
/// `ROOM_NOT_FOUND`, `ROOM_FULL`; `INVALID_REQUEST` above `limits.joins` or `limits.subscriptions`.
pub fn join(
    core: &Core,
    room: &Arc<Room>,
    client: &Arc<Client>,
    history: Option<Sync>,
    welcome: impl FnOnce(&Joined),
) -> Result<(), Refusal> {
    let order = lock(&room.order);
    let mut state = room.state();
    if state.deleted {
        return Err(Refusal::room_not_found(room.id()));
    }
    let sync = history.unwrap_or(state.config.sync_history_on_join);
    let is_new = match state.members.get(&client.id()) {
        Some(_) => false,
        None => {
            if state.config.max_size.is_some_and(|max| state.members.len() >= max) {
                return Err(Refusal::room_full(room.id()));
            }
            let limits = core.limits();
            let gained = state.config.default_subscriptions.len() as u64;
            if client.subscriptions().load(Ordering::Relaxed).saturating_add(gained) > limits.subscriptions {
                return Err(too_many_subscriptions(limits).in_room(room.id()));
            }
            match client.add_room(room, limits.joins) {
                AddRoom::Added => {}
                AddRoom::TooMany => {
                    let message = format!("must not be in more than {} rooms (limits.joins)", limits.joins);
                    return Err(Refusal::invalid("roomId", &message).in_room(room.id()));
                }
                // Gone while it asked: nobody is there to be welcomed.
                AddRoom::Gone => return Ok(()),
            }
            client.subscriptions().fetch_add(gained, Ordering::Relaxed);
            let number = state.next_member;
            state.next_member += 1;
            let subscriptions =
                state.config.default_subscriptions.iter().map(|name| name.as_str().into()).collect();
            let member = Member { client: client.clone(), number, subscriptions, had_history: false };
            state.members.insert(client.id(), member);
            state.targets_changed();
            true
        }
    };
    let due = state.members.get_mut(&client.id()).is_some_and(|member| {
        let due = sync != Sync::Nothing && !member.had_history;
        member.had_history |= due;
        due
    });
    let joined = Joined {
        name: state.config.name.clone(),
        position: Position { offset: state.offset, epoch: state.origin.epoch.clone() },
        sync: if due { sync } else { Sync::Nothing },
    };
    drop(state);
    welcome(&joined);
    if is_new && core.hooks.any(Hooks::JOINED) {
        core.tell(Call::Joined { client: client.id(), room: room.id().clone(), key: room.key() });
    }
    drop(order);
    Ok(())
}

/// Ends a membership. `farewell` is called under the room's order lock: no event of the room follows it. `false`: the client
/// was not in the room.
pub fn leave(core: &Core, room: &Arc<Room>, client: &Client, farewell: impl FnOnce()) -> bool {
    let _order = lock(&room.order);
    let mut state = room.state();
    let member = state.members.remove(&client.id());
    if member.is_some() {
        state.targets_changed();
    }
    drop(state);
    let Some(member) = member else { return false };
    tell_left(core, room, &member);
    member.let_go(room);
    farewell();
    true
}

/// Tells the host that a membership is over. Under the room's order lock, and before the client lets go of the room: its end, which is told
/// of all its rooms together, comes behind, or waits for that lock.
pub fn tell_left(core: &Core, room: &Room, member: &Member) {
    if core.hooks.any(Hooks::LEFT) {
        core.tell(Call::Left { client: member.client.id(), room: room.id().clone(), key: room.key() });
    }
}

/// Frees the places of a client that is gone; returns the rooms that it was in until now, and whether the host holds an object for it.
/// `None`: that was done before.
pub fn vacate(client: &Client) -> Option<(Vec<Arc<Room>>, bool)> {
    let (mut rooms, looked_at) = client.end()?;
    rooms.retain(|room| {
        // A joining, a leaving or a deleting that is under way was told before the client's end is; the last two have told of the leaving too.
        let _order = lock(&room.order);
        let mut state = room.state();
        let was_in = state.members.remove(&client.id()).is_some();
        if was_in {
            state.targets_changed();
        }
        was_in
    });
    Some((rooms, looked_at))
}

/// Subscribes a member to an event; `"*"` is every event of the room.
///
/// # Errors
/// `NOT_IN_ROOM`; `INVALID_REQUEST` above `limits.subscriptions`.
pub fn subscribe(core: &Core, room: &Room, client: &Client, event: &str) -> Result<(), Refusal> {
    let mut state = room.state();
    let member = state.member(room, client)?;
    if member.subscriptions.iter().any(|name| &**name == event) {
        return Ok(());
    }
    if client.subscriptions().load(Ordering::Relaxed) >= core.limits().subscriptions {
        return Err(too_many_subscriptions(core.limits()).in_room(room.id()));
    }
    member.subscriptions.push(event.into());
    client.subscriptions().fetch_add(1, Ordering::Relaxed);
    state.targets_changed();
    Ok(())
}

/// Ends a subscription. One that there is not is ended already.
///
/// # Errors
/// `NOT_IN_ROOM`.
pub fn unsubscribe(_: &Core, room: &Room, client: &Client, event: &str) -> Result<(), Refusal> {
    let mut state = room.state();
    let member = state.member(room, client)?;
    let before = member.subscriptions.len();
    member.subscriptions.retain(|name| &**name != event);
    if member.subscriptions.len() != before {
        client.subscriptions().fetch_sub(1, Ordering::Relaxed);
        state.targets_changed();
    }
    Ok(())
}

fn too_many_subscriptions(limits: &Limits) -> Refusal {
    let message =
        format!("must not have more than {} subscriptions (limits.subscriptions)", limits.subscriptions);
    Refusal::invalid("eventName", &message)
}
