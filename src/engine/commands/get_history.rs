//! `dialogue:getHistory { roomId, eventName?, start = 0, end? }`.

use std::sync::Arc;

use super::{Context, Fields, Reply, Responder, join::fitting, pages};
use crate::engine::{
    core::Core,
    error::Refusal,
    payload::{Composer, Payload},
    protocol::outgoing,
    rooms::{self, Room},
};

/// Events of a page whose end nobody named.
const PAGE: usize = 50;

/// A page that was asked for.
struct Query {
    room: Arc<Room>,
    event: Option<Arc<str>>,
    start: usize,
    end: usize,
}

pub fn run(context: &Context<'_>, fields: Fields<'_>, mut responder: Responder) {
    let query = match query(context, &fields) {
        Ok(query) => query,
        Err(refusal) => return responder.answer(Err(refusal)),
    };
    let cap = context.reply_cap();
    match query.event.clone() {
        None => {
            let events = rooms::newest(&query.room, query.start, query.end);
            responder.answer(Ok(reply(&query, &events, cap)));
        }
        Some(event) => {
            let client = context.client;
            if client.pages().is_full() {
                responder.hold(client);
            }
            let asking = client.clone();
            let read = Box::new(move |core: &Arc<Core>| {
                let (room, start, end) = (query.room.clone(), query.start, query.end);
                let owner = Arc::downgrade(core);
                let done = Box::new(move |page: rooms::Page| {
                    responder.answer(match page {
                        Some(events) => Ok(reply(&query, &events, cap)),
                        None => Err(Refusal::internal().in_room(query.room.id())),
                    });
                    match owner.upgrade() {
                        Some(core) => pages::over(&core, &asking),
                        None => asking.pages().clear(),
                    }
                });
                rooms::load(core, &room, &event, start, end, done);
            });
            client.pages().read(context.core, read);
        }
    }
}

fn query(context: &Context<'_>, fields: &Fields<'_>) -> Result<Query, Refusal> {
    context.id(fields, "roomId")?;
    let limits = context.core.limits();
    let event = fields.optional_id("eventName", limits.id_length)?.map(Arc::from);
    let start = fields.optional_count("start")?.unwrap_or(0);
    // As `dialogue-ts` has it; and from where that gives nothing, a page.
    let page_end = if start < PAGE { PAGE } else { start.saturating_add(PAGE) };
    let end = fields.optional_count("end")?.unwrap_or(page_end);
    let page = usize::try_from(limits.history_page).unwrap_or(usize::MAX);
    let end = end.min(start.saturating_add(page));
    let room = context.room(fields)?;
    if !room.has(&context.client.id()) {
        return Err(Refusal::not_in_room(room.id()));
    }
    Ok(Query { room, event, start, end })
}

/// `{ roomId, eventName | null, events, start, end }`; a page that is too large is cut, and `end` says where.
fn reply(query: &Query, events: &[Payload], cap: usize) -> Reply {
    let fitting = fitting(events, cap);
    let end = if fitting < events.len() { query.start + fitting } else { query.end };
    let mut page = Composer::default();
    page.raw(r#"{"roomId":"#)
        .json(&**query.room.id())
        .raw(r#","eventName":"#)
        .json(&query.event.as_deref())
        .raw(r#","events":"#)
        .array(&events[..fitting])
        .raw(r#","start":"#)
        .json(&query.start)
        .raw(r#","end":"#)
        .json(&end)
        .raw("}");
    Reply::with(Some(outgoing::HISTORY_RESPONSE), page.finish())
}
