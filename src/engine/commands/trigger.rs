//! `dialogue:trigger { roomId, event, data?, meta? }`.

use std::sync::Arc;

use super::{Context, Fields, Reply, Responder, refusal};
use crate::engine::{
    clock::unix_millis,
    error::Refusal,
    event::Draft,
    host::{Decision, Hooks, Verdict},
    metrics::Family,
    payload::{Attachments, Payload},
    rooms::{self, Room, Sender},
};

pub fn run(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    let (room, draft) = match read(context, &fields) {
        Ok(read) => read,
        Err(refusal) => return responder.answer(Err(refusal)),
    };
    let (core, sender) = (context.core, Sender::Client(context.client));
    let validate = room.judges(&draft);
    if validate || core.hooks.any(Hooks::BEFORE_EACH) {
        // What is refused whatever its payload never reaches the host.
        match rooms::accept(core, &room, &sender, &draft) {
            Ok(()) => decide(context, room, draft, validate, responder),
            Err(refusal) => responder.answer(Err(refusal)),
        }
    } else {
        core.metrics.add(Family::EventsNative, 1);
        responder.answer(rooms::trigger(core, &room, &sender, &draft).map(|_| Reply::done()));
    }
}

fn read(context: &Context<'_>, fields: &Fields<'_>) -> Result<(Arc<Room>, Draft), Refusal> {
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
    let draft =
        Draft { name: name.into(), from: context.client.user_id().clone(), data, meta, timestamp: None };
    Ok((room, draft))
}

/// Has the host decide; what its client asks next waits, unless it is decided too.
fn decide(
    context: &Context<'_>,
    room: Arc<Room>,
    mut draft: Draft,
    validate: bool,
    mut responder: Responder,
) {
    context.core.metrics.add(Family::EventsDecided, 1);
    responder.hold(context.client);
    let timestamp = unix_millis();
    draft.timestamp = Some(timestamp);
    let message = draft.message(room.id(), timestamp, None);
    let decision = Decision::Event { room: room.id().clone(), key: room.key(), message, validate };
    let (owner, client) = (Arc::downgrade(context.core), context.client.clone());
    context.core.decide(decision, context.since, move |verdict| {
        let result = match (verdict, owner.upgrade()) {
            (Verdict::Accept { data, meta, local }, Some(core)) => {
                let draft = Draft { data, meta, ..draft };
                let sender = Sender::Decided { client: &client, local };
                rooms::trigger(&core, &room, &sender, &draft).map(|_| Reply::done())
            }
            (verdict, _) => Err(refusal(verdict).in_room(room.id()).of_event(&draft.name)),
        };
        responder.answer(result);
    });
}
