//! `dialogue:listRooms`.

use super::Reply;
use crate::engine::{core::Core, payload::Payload, protocol::outgoing};

/// The listed rooms, in order of creation, as many as fit into half an outbox.
pub fn run(core: &Core) -> Reply {
    let cap = usize::try_from(core.limits().send_buffer / 2).unwrap_or(usize::MAX);
    let mut list = String::from("[");
    let mut truncated = false;
    for room in core.rooms.all() {
        if !room.is_listed() {
            continue;
        }
        let summary = room.summary();
        if list.len() > 1 {
            if list.len() + summary.len() > cap {
                truncated = true;
                break;
            }
            list.push(',');
        }
        list.push_str(&summary);
    }
    list.push(']');
    let more = if truncated { r#","truncated":true"# } else { "" };
    let fields = format!(r#""rooms":{list}{more}"#);
    Reply { event: Some(outgoing::ROOMS), payload: Payload::plain(list), fields: Some(fields) }
}
