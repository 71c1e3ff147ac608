//! `dialogue:subscribe` and `dialogue:unsubscribe { roomId, eventName }`, `dialogue:subscribeAll { roomId }`.

use super::{Context, Fields, Reply, Responder};
use crate::engine::{
    client::Client,
    core::Core,
    error::Refusal,
    rooms::{self, Room},
};

type Change = fn(&Core, &Room, &Client, &str) -> Result<(), Refusal>;

pub fn subscribe(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    responder.answer(named(context, &fields, rooms::subscribe));
}

pub fn unsubscribe(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    responder.answer(named(context, &fields, rooms::unsubscribe));
}

pub fn subscribe_all(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    let result =
        context.room(&fields).and_then(|room| rooms::subscribe(context.core, &room, context.client, "*"));
    responder.answer(result.map(|()| Reply::done()));
}

fn named(context: &Context<'_>, fields: &Fields<'_>, change: Change) -> Result<Reply, Refusal> {
    // The shape of a payload is judged before permission.
    let event = context.id(fields, "eventName");
    context.id(fields, "roomId")?;
    let event = event?;
    let room = context.room(fields)?;
    change(context.core, &room, context.client, &event).map(|()| Reply::done())
}
