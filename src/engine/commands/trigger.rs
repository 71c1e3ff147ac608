//! `dialogue:trigger { roomId, event, data?, meta? }`.

use super::{Context, Fields, Reply, Responder};
use crate::engine::{
    error::Refusal,
    event::Draft,
    payload::{Attachments, Payload},
    rooms::{self, Sender},
};

pub fn run(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    responder.answer(trigger(context, &fields));
}

fn trigger(context: &Context<'_>, fields: &Fields<'_>) -> Result<Reply, Refusal> {
    context.id(fields, "roomId")?;
    let name = context.id(fields, "event")?;
    let meta = fields.optional_object("meta")?;
    let mut attachments = Attachments::new(context.attachments.iter().cloned());
    let mut carried = |field: &str, text: &str| {
        Payload::new(text.to_owned().into(), &mut attachments)
            .map_err(|error| Refusal::invalid(field, &error.to_string()))
    };
    let data = fields.raw("data").map(|text| carried("data", text)).transpose()?;
    let meta = meta.map(|text| carried("meta", text)).transpose()?;
    attachments.finish().map_err(|error| Refusal::invalid("payload", &error.to_string()))?;
    let room = context.room(fields)?;
    let draft = Draft { name: name.into(), from: context.client.user_id().clone(), data, meta };
    rooms::trigger(context.core, &room, &Sender::Client(context.client), &draft).map(|_| Reply::done())
}
