//! `dialogue:join { roomId }`.

use std::sync::Arc;

use super::{Context, Fields, Reply, Responder, histories, refusal};
use crate::engine::{
    client::Client,
    config::Sync,
    core::Core,
    error::Refusal,
    host::{Decision, Hooks, Verdict},
    payload::{Composer, Payload, to_json},
    protocol::outgoing,
    rooms::{self, Joined, Room},
};

pub fn run(context: &Context<'_>, fields: Fields<'_>, mut responder: Responder) {
    let (core, client) = (context.core, context.client);
    let room = match context.room(&fields) {
        Ok(room) => room,
        Err(refusal) => return responder.answer(Err(refusal)),
    };
    if room.has(&client.id()) || !core.hooks.any(Hooks::BEFORE_JOIN) {
        return join(core, &room, client, responder);
    }
    responder.hold(client);
    let decision = Decision::Join { client: client.id(), room: room.id().clone(), key: room.key() };
    let (owner, asking) = (Arc::downgrade(core), client.clone());
    core.decide(decision, context.since, move |verdict| match (verdict, owner.upgrade()) {
        (Verdict::Accept { .. }, Some(core)) => join(&core, &room, &asking, responder),
        (verdict, _) => responder.answer(Err(refusal(verdict).in_room(room.id()))),
    });
}

fn join(core: &Core, room: &Arc<Room>, client: &Arc<Client>, responder: Responder) {
    let mut waiting = Some(responder);
    let joined = rooms::join(core, room, client, None, |joined| {
        if let Some(responder) = waiting.take() {
            responder.answer(Ok(Reply::with(Some(outgoing::JOINED), welcome(room, joined))));
        }
        if let Some(history) = history(core, room, joined) {
            client.socket().reply_event(outgoing::HISTORY, &history);
        }
    });
    if let Some(responder) = waiting {
        // Without an error and without a welcome: the client is gone, and nobody hears the answer.
        responder.answer(joined.map(|()| Reply::done()));
    }
}

/// Joins a client, as the program decided: it is told, and gets the history that the program asks for.
///
/// # Errors
/// `ROOM_NOT_FOUND`; `ROOM_FULL`, of which the client is told too.
pub fn by_server(
    core: &Arc<Core>,
    client: &Arc<Client>,
    room_id: &str,
    history: Sync,
) -> Result<(), Refusal> {
    let room = core.rooms.get(room_id).ok_or_else(|| Refusal::room_not_found(room_id))?;
    let joined = rooms::join(core, &room, client, Some(history), |joined| {
        client.socket().emit(outgoing::JOINED, &welcome(&room, joined));
        histories::send(core, &room, client, joined);
    });
    if let Err(refusal) = &joined {
        client.socket().emit(outgoing::ERROR, &Payload::plain(refusal.to_json()));
    }
    joined
}

/// `{ roomId, roomName, epoch, offset }`.
fn welcome(room: &Room, joined: &Joined) -> Payload {
    Payload::plain(format!(
        r#"{{"roomId":{},"roomName":{},"epoch":{},"offset":{}}}"#,
        to_json(&**room.id()),
        to_json(&joined.name),
        to_json(&*joined.position.epoch),
        joined.position.offset,
    ))
}

/// `{ roomId, events }` of what one who joined is sent: newest first, of at most half the outbox. `None`: there is nothing to send.
pub(super) fn history(core: &Core, room: &Room, joined: &Joined) -> Option<Payload> {
    let events = rooms::recent(core, room, joined.sync, &joined.position);
    let cap = usize::try_from(core.limits().send_buffer / 2).unwrap_or(usize::MAX);
    let fitting = fitting(&events, cap);
    if fitting == 0 {
        return None;
    }
    let mut history = Composer::default();
    history.raw(r#"{"roomId":"#).json(&**room.id()).raw(r#","events":"#).array(&events[..fitting]).raw("}");
    Some(history.finish())
}

/// How many of `events` fit into `cap` bytes; at least one, since an empty outbox takes a packet of any size.
pub fn fitting(events: &[Payload], cap: usize) -> usize {
    let mut size = 0;
    let fitting = events.iter().take_while(|event| {
        size += event.size() + 1;
        size <= cap
    });
    fitting.count().max(events.len().min(1))
}
