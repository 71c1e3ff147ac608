//! `dialogue:leave { roomId }`. One who is not in the room has left it already.

use super::{Context, Fields, Reply, Responder};
use crate::engine::{
    payload::{Payload, to_json},
    protocol::outgoing,
    rooms,
};

pub fn run(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    let id = match context.id(&fields, "roomId") {
        Ok(id) => id,
        Err(refusal) => return responder.answer(Err(refusal)),
    };
    let reply = Reply::with(Some(outgoing::LEFT), Payload::plain(format!(r#"{{"roomId":{}}}"#, to_json(&id))));
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
