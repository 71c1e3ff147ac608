//! The requests of the wire protocol, one per file. They know rooms and clients, and no transport: an answer is a [`Reply`]
//! handed to a [`Responder`].

mod create_room;
mod delete_room;
mod fields;
mod get_history;
mod histories;
mod join;
mod leave;
mod list_rooms;
mod pages;
mod refresh;
mod subscribe;
mod trigger;

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use socketioxide_core::Str;

pub use self::{fields::Fields, histories::Histories, pages::Pages};
use super::{
    client::Client,
    core::Core,
    error::Refusal,
    host::{Hooks, Verdict},
    payload::{Composer, Payload, deeper_than},
    rooms::Room,
};

pub use self::{join::by_server as join_by_server, leave::by_server as leave_by_server};

/// The answer to a request that was granted.
#[derive(Debug)]
pub struct Reply {
    /// Event under which one who asked for no acknowledgement gets it; `None`: such a one gets nothing.
    pub event: Option<&'static str>,
    /// That event's payload.
    pub payload: Payload,
    /// Text of an acknowledgement's fields, behind `"ok":true`; `None`: those of the payload.
    pub fields: Option<String>,
}

impl Reply {
    /// Granted, and nothing more to say.
    pub fn done() -> Self {
        Self { event: None, payload: Payload::plain("{}"), fields: None }
    }

    /// Granted, with an object.
    pub fn with(event: Option<&'static str>, payload: Payload) -> Self {
        Self { event, payload, fields: None }
    }

    /// The acknowledgement: a JSON array of one object.
    pub fn acknowledgement(&self) -> (String, Vec<Bytes>) {
        let mut composer = Composer::with_capacity(self.payload.text().len() + 16);
        composer.raw(r#"[{"ok":true"#);
        match &self.fields {
            Some(fields) => {
                composer.raw(",").raw(fields);
            }
            None if self.payload.text() != "{}" => {
                composer.raw(",").payload_fields(&self.payload);
            }
            None => {
                composer.raw("}");
            }
        }
        if self.fields.is_some() {
            composer.raw("}");
        }
        composer.raw("]");
        composer.into_parts()
    }
}

type Send = dyn FnOnce(Result<Reply, Refusal>, bool) + std::marker::Send;

/// Where the answer goes. Called once.
pub struct Responder {
    send: Box<Send>,
    holds: bool,
}

impl std::fmt::Debug for Responder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Responder")
    }
}

impl Responder {
    /// Answers by calling `send`, which is also told whether the request held up those behind it.
    pub fn new(send: impl FnOnce(Result<Reply, Refusal>, bool) + std::marker::Send + 'static) -> Self {
        Self { send: Box::new(send), holds: false }
    }

    fn answer(self, result: Result<Reply, Refusal>) {
        (self.send)(result, self.holds);
    }

    /// What the client asks next waits until this is answered.
    fn hold(&mut self, client: &Client) {
        client.gate().hold();
        self.holds = true;
    }
}

/// A request as it came.
#[derive(Debug)]
pub struct Request {
    /// The first argument, as JSON.
    pub payload: Option<Str>,
    /// The attachments of its packet.
    pub attachments: Vec<Bytes>,
    /// When it came, if it had to wait behind others.
    pub since: Option<Instant>,
}

/// Whether a request is certain to be decided by the host, so that it may be decided together with others of its kind.
pub fn is_decided(core: &Core, name: &str) -> bool {
    name == "dialogue:trigger" && core.hooks.any(Hooks::BEFORE_EACH)
}

/// The one request that may come without a payload.
const LIST_ROOMS: &str = "dialogue:listRooms";

/// Handles one request. `false`: the protocol has none of this name.
pub fn run(
    core: &Arc<Core>,
    client: &Arc<Client>,
    name: &str,
    request: Request,
    responder: Responder,
) -> bool {
    let command: fn(&Context<'_>, Fields<'_>, Responder) = match name {
        "dialogue:join" => join::run,
        "dialogue:leave" => leave::run,
        "dialogue:subscribe" => subscribe::subscribe,
        "dialogue:unsubscribe" => subscribe::unsubscribe,
        "dialogue:subscribeAll" => subscribe::subscribe_all,
        "dialogue:trigger" => trigger::run,
        "dialogue:getHistory" => get_history::run,
        "dialogue:createRoom" => create_room::run,
        "dialogue:deleteRoom" => delete_room::run,
        "dialogue:refresh" => refresh::run,
        LIST_ROOMS => list_rooms::run,
        _ => return false,
    };
    let depth = usize::try_from(core.limits().json_depth).unwrap_or(usize::MAX);
    let Request { payload, attachments, since } = request;
    let fields = match &payload {
        // It had no payload in dialogue-ts, and needs none.
        None if name == LIST_ROOMS => Fields::parse("{}"),
        Some(text) if name == LIST_ROOMS && text.as_str() == "null" => Fields::parse("{}"),
        Some(text) if deeper_than(text, depth) => {
            Err(Refusal::invalid("payload", &format!("must not be nested more than {depth} levels deep")))
        }
        Some(text) => Fields::parse(text),
        None => Err(Refusal::invalid("payload", "expected an object")),
    };
    match fields {
        Ok(fields) => command(&Context { core, client, attachments, since }, fields, responder),
        Err(refusal) => responder.answer(Err(refusal)),
    }
    true
}

/// What a client is told of a verdict that lets nothing happen.
fn refusal(verdict: Verdict) -> Refusal {
    match verdict {
        Verdict::Refuse { code, reason, issues } => Refusal { issues, ..Refusal::new(code, reason) },
        Verdict::Overdue => Refusal::overloaded(),
        // A verdict of another kind than was asked for.
        Verdict::Accept { .. } | Verdict::Identify { .. } | Verdict::Reject { .. } | Verdict::Request(_) => {
            Refusal::internal()
        }
    }
}

/// What a command works with.
struct Context<'a> {
    core: &'a Arc<Core>,
    client: &'a Arc<Client>,
    attachments: Vec<Bytes>,
    since: Option<Instant>,
}

impl Context<'_> {
    /// The room that a field names.
    fn room(&self, fields: &Fields<'_>) -> Result<Arc<Room>, Refusal> {
        let id = self.id(fields, "roomId")?;
        self.core.rooms.get(&id).ok_or_else(|| Refusal::room_not_found(&id))
    }

    /// A field that is an id or a name.
    fn id(&self, fields: &Fields<'_>, field: &str) -> Result<String, Refusal> {
        fields.id(field, self.core.limits().id_length)
    }

    /// Most bytes of a reply that could be large: an outbox with something in it still takes it.
    fn reply_cap(&self) -> usize {
        usize::try_from(self.core.limits().send_buffer / 2).unwrap_or(usize::MAX)
    }
}
