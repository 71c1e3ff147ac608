//! `dialogue:leave { roomId }`. One who is not in the room has left it already.

use super::{Context, Fields, Reply, Responder};
use crate::engine::{
    client::Client,
    core::Core,
    error::Refusal,
    payload::{Payload, to_json},
    protocol::outgoing,
    rooms,
};

pub fn run(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    let id = match context.id(&fields, "roomId") {
        Ok(id) => id,
        Err(refusal) => return responder.answer(Err(refusal)),
    };
    let reply = Reply::with(Some(outgoing::LEFT), farewell(&id));
    let mut waiting = Some((responder, reply));
    let mut answer = || {
        if let Some((responder, reply)) = waiting.take() {
            responder.answer(Ok(reply));
        }
    };
    if let Some(room) = context.core.rooms.get(&id) {
        rooms::leave(context.core, &room, context.client, &mut answer);
    }
    answer();
}

/// Removes a client, as the program decided: it is told.
///
/// # Errors
/// `ROOM_NOT_FOUND`, `NOT_IN_ROOM`.
pub fn by_server(core: &Core, client: &Client, room_id: &str) -> Result<(), Refusal> {
    let room = core.rooms.get(room_id).ok_or_else(|| Refusal::room_not_found(room_id))?;
    let tell = || {
        client.socket().emit(outgoing::LEFT, &farewell(room_id));
    };
    if rooms::leave(core, &room, client, tell) { Ok(()) } else { Err(Refusal::not_in_room(room_id)) }
}

/// `{ roomId }`.
fn farewell(room_id: &str) -> Payload {
    Payload::plain(format!(r#"{{"roomId":{}}}"#, to_json(room_id)))
}
