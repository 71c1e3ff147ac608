//! `dialogue:deleteRoom { roomId }`, by its creator.

use super::{Context, Fields, Reply, Responder};
use crate::engine::{
    error::{Code, Refusal},
    payload::{Payload, to_json},
    rooms,
};

pub fn run(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    responder.answer(delete(context, &fields));
}

fn delete(context: &Context<'_>, fields: &Fields<'_>) -> Result<Reply, Refusal> {
    let room = context.room(fields)?;
    if room.created_by() != Some(context.client.user_id()) {
        return Err(Refusal::new(Code::PermissionDenied, "Only the creator may delete a room (createdById)")
            .in_room(room.id()));
    }
    context.client.rates().room()?;
    if !rooms::delete_for(context.core, &room, context.client) {
        return Err(Refusal::room_not_found(room.id()));
    }
    Ok(Reply::with(None, Payload::plain(format!(r#"{{"roomId":{}}}"#, to_json(&**room.id())))))
}
