//! `dialogue:createRoom { id, name, description?, maxSize? }`, where `limits.clientRooms` allows it.

use super::{Context, Fields, Reply, Responder};
use crate::engine::{
    config::{EventConfig, RoomConfig},
    error::{Code, Refusal},
    payload::Payload,
    rooms::{self, Allowance, NotCreated},
};

/// Longest name of a room in bytes.
const MAX_NAME: u64 = 1_024;
/// Longest description of a room in bytes.
const MAX_DESCRIPTION: u64 = 4_096;

pub fn run(context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    responder.answer(create(context, &fields));
}

fn create(context: &Context<'_>, fields: &Fields<'_>) -> Result<Reply, Refusal> {
    let id = context.id(fields, "id")?;
    let name = fields.id("name", MAX_NAME)?;
    let description = fields.optional_text("description", MAX_DESCRIPTION)?;
    let asked_size = fields.optional_count("maxSize")?;
    if asked_size == Some(0) {
        return Err(Refusal::invalid("maxSize", "expected a positive integer"));
    }
    let allowed = &context.core.limits().client_rooms;
    if allowed.max == 0 {
        return Err(Refusal::new(
            Code::PermissionDenied,
            "Clients may not create rooms (limits.clientRooms)",
        ));
    }
    let max_size = match (asked_size, allowed.max_size) {
        (Some(asked), Some(most)) if asked > most => {
            return Err(Refusal::new(
                Code::PermissionDenied,
                format!("A room may have at most {most} members (limits.clientRooms.maxSize)"),
            ));
        }
        (Some(asked), _) => Some(asked),
        (None, most) => most,
    };
    context.client.rates().room()?;
    let any = || vec![EventConfig { name: "*".to_owned(), history: None, schema: None }];
    let config = RoomConfig {
        name,
        description,
        max_size,
        events: allowed.events.clone().unwrap_or_else(any),
        default_subscriptions: allowed.default_subscriptions.clone(),
        ..RoomConfig::default()
    };
    let most = context.core.limits().rooms;
    let allowance = Allowance { own: allowed.max, all: most };
    match rooms::create_for(context.core, &id, config, context.client, allowance) {
        Ok(room) => Ok(Reply::with(None, Payload::plain(room.summary()))),
        Err(NotCreated::BadId) => Err(Refusal::invalid("id", "expected an id")),
        Err(NotCreated::Taken) => Err(Refusal::room_exists(&id)),
        Err(NotCreated::Allowance) => Err(Refusal::new(
            Code::PermissionDenied,
            format!("You may hold at most {} rooms (limits.clientRooms)", allowed.max),
        )),
        Err(NotCreated::Full) => {
            Err(Refusal::new(Code::Overloaded, format!("There may be at most {most} rooms (limits.rooms)")))
        }
    }
}
