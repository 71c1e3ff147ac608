//! `dialogue:listRooms { after?, limit? }`.

use super::{Context, Fields, Reply, Responder};
use crate::engine::{
    error::Refusal,
    payload::{Payload, to_json},
    protocol::outgoing,
};

/// Longest name of a place in the list, in bytes.
const MAX_AFTER: u64 = 64;

pub fn run(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    // What is announced behind the list is not in it yet.
    let _listing = context.core.rooms.announcements().listing();
    responder.answer(page(context, &fields));
}

/// The listed rooms behind `after`, in order of creation: a page of them, and at most what fits into half an outbox. Where there are more,
/// `next` names the place where they go on; deleted rooms do not move it.
fn page(context: &Context<'_>, fields: &Fields<'_>) -> Result<Reply, Refusal> {
    let after = match fields.optional_text("after", MAX_AFTER)? {
        Some(place) => place
            .parse()
            .map_err(|_| Refusal::invalid("after", "expected what an earlier list had as next"))?,
        None => 0,
    };
    let most = usize::try_from(context.core.limits().rooms_page).unwrap_or(usize::MAX);
    let most = match fields.optional_count("limit")? {
        Some(0) => return Err(Refusal::invalid("limit", "expected a positive integer")),
        Some(limit) => limit.min(most),
        None => most,
    };
    let cap = context.reply_cap();
    let mut rooms = context.core.rooms.list_to_client(after, most.saturating_add(1)).into_iter().peekable();
    let mut list = String::from("[");
    let mut last = after;
    for _ in 0..most {
        let Some(room) = rooms.peek() else { break };
        let summary = room.summary();
        if list.len() > 1 {
            if list.len() + summary.len() > cap {
                break;
            }
            list.push(',');
        }
        list.push_str(&summary);
        last = room.key();
        rooms.next();
    }
    list.push(']');
    let mut answer = format!(r#""rooms":{list}"#);
    if rooms.peek().is_some() {
        answer.push_str(&format!(r#","truncated":true,"next":{}"#, to_json(&last.to_string())));
    }
    Ok(Reply { event: Some(outgoing::ROOMS), payload: Payload::plain(list), fields: Some(answer) })
}
