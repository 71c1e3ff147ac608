//! Calls from the queue as one JSON text and one list of attachments.

use bytes::Bytes;
use serde::Serialize;

use crate::engine::{
    core::Core,
    event::Event,
    host::{Call, Decision, HttpRequest, Level},
    payload::{Composer, Payload, to_json},
    rooms::Room,
};

/// A batch on its way to JavaScript.
#[derive(Default)]
pub struct Batch {
    json: String,
    attachments: Vec<Bytes>,
}

impl Batch {
    /// The JSON array, and the attachments of all calls in order.
    pub fn finish(mut self) -> (String, Vec<Bytes>) {
        if self.json.is_empty() {
            self.json.push('[');
        }
        self.json.push(']');
        (self.json, self.attachments)
    }

    /// Adds a call.
    pub fn add(&mut self, core: &Core, call: Call) {
        match call {
            Call::Connected(id) => {
                if let Some(client) = core.clients.get(&id) {
                    client.look_at();
                    self.object("connected", &[("client", client.describe())]);
                }
            }
            Call::Disconnected { client, reason, rooms } => self.object(
                "disconnected",
                &[("id", to_json(client.as_str())), ("reason", to_json(reason)), ("rooms", to_json(&rooms))],
            ),
            Call::Refreshed(client) => self.object("refreshed", &[("id", to_json(client.as_str()))]),
            Call::KeysWanted => self.object("keysWanted", &[]),
            // One that is no longer waited for is not asked.
            Call::Decide { ticket, decision } if core.decisions.is_open(ticket) => {
                self.decide(ticket, decision)
            }
            Call::Decide { .. } => {}
            Call::Joined { client, room, key } => self.membership("joined", client.as_str(), &room, key),
            Call::Left { client, room, key } => self.membership("left", client.as_str(), &room, key),
            Call::RoomCreated(room) => self.room("created", &room),
            Call::RoomUpdated(room) => self.room("updated", &room),
            Call::RoomDeleted(room, key) => {
                self.object("deleted", &[("room", to_json(&*room)), ("key", to_json(&key))]);
            }
            Call::Event { key, event, recipients, local } => {
                self.event(key, &event, recipients, local);
            }
            Call::Cleanup { ticket, room, name, events } => {
                let bodies: Vec<&Payload> = events.iter().map(|event| &event.body).collect();
                let fields =
                    [("token", to_json(&ticket)), ("room", to_json(&*room)), ("event", to_json(&*name))];
                self.messages("cleanup", &fields, &bodies);
            }
            Call::Load(load) => self.object(
                "load",
                &[
                    ("token", to_json(&load.ticket)),
                    ("room", to_json(&*load.room)),
                    ("event", to_json(&*load.name)),
                    ("start", to_json(&load.start)),
                    ("end", to_json(&load.end)),
                ],
            ),
            Call::History { ticket, page: Some(page) } => {
                self.messages("history", &[("token", to_json(&ticket))], &page.iter().collect::<Vec<_>>());
            }
            Call::History { ticket, page: None } => {
                self.object("history", &[("token", to_json(&ticket)), ("error", to_json("onLoad failed"))]);
            }
            Call::Http(request) => self.http(request),
            Call::Log { level, message, at } => {
                let level = match level {
                    Level::Debug => "debug",
                    Level::Info => "info",
                    Level::Warn => "warn",
                    Level::Error => "error",
                };
                self.object(
                    "log",
                    &[
                        ("level", to_json(level)),
                        ("message", to_json(&message)),
                        ("atFunction", to_json(at)),
                        ("data", "{}".to_owned()),
                    ],
                );
            }
        }
    }

    fn begin(&mut self, kind: &str) {
        self.json.push(if self.json.is_empty() { '[' } else { ',' });
        self.json.push_str("{\"k\":\"");
        self.json.push_str(kind);
        self.json.push('"');
    }

    fn field(&mut self, name: &str, json: &str) {
        self.json.push_str(",\"");
        self.json.push_str(name);
        self.json.push_str("\":");
        self.json.push_str(json);
    }

    fn object(&mut self, kind: &str, fields: &[(&str, String)]) {
        self.begin(kind);
        for (name, json) in fields {
            self.field(name, json);
        }
        self.json.push('}');
    }

    fn membership(&mut self, kind: &str, client: &str, room: &str, key: u64) {
        self.object(kind, &[("id", to_json(client)), ("room", to_json(room)), ("key", to_json(&key))]);
    }

    fn room(&mut self, kind: &str, room: &Room) {
        self.object(
            kind,
            &[("room", to_json(&**room.id())), ("key", to_json(&room.key())), ("info", room.describe())],
        );
    }

    /// The one that comes most often: its message is appended as it is.
    fn event(&mut self, key: u64, event: &Event, recipients: usize, local: u32) {
        self.begin("event");
        self.field("room", &to_json(&*event.room));
        self.field("key", &to_json(&key));
        self.field("recipients", &to_json(&recipients));
        self.field("local", &to_json(&local));
        self.field("bins", &to_json(&event.body.attachments().len()));
        self.field("message", event.body.text());
        self.json.push('}');
        self.attachments.extend(event.body.attachments().iter().cloned());
    }

    fn decide(&mut self, ticket: u64, decision: Decision) {
        let ticket = to_json(&ticket);
        match decision {
            Decision::Event { room, key, message, validate } => {
                self.begin("decide");
                self.field("ticket", &ticket);
                self.field("room", &to_json(&*room));
                self.field("key", &to_json(&key));
                self.field("validate", &to_json(&validate));
                self.field("bins", &to_json(&message.attachments().len()));
                self.field("message", message.text());
                self.json.push('}');
                self.attachments.extend(message.attachments().iter().cloned());
            }
            Decision::Join { client, room, key } => self.object(
                "decideJoin",
                &[
                    ("ticket", ticket),
                    ("id", to_json(client.as_str())),
                    ("room", to_json(&*room)),
                    ("key", to_json(&key)),
                ],
            ),
            Decision::Connect { socket, auth, claims } => {
                let auth = auth.as_str().to_owned();
                let mut fields = vec![("ticket", ticket), ("socket", socket), ("auth", auth)];
                fields.extend(claims.map(|claims| ("claims", claims.as_ref().to_owned())));
                self.object("decideConnect", &fields);
            }
        }
    }

    fn messages(&mut self, kind: &str, fields: &[(&str, String)], messages: &[&Payload]) {
        self.begin(kind);
        for (name, json) in fields {
            self.field(name, json);
        }
        let mut composer = Composer::default();
        composer.array(messages.iter().copied());
        let (text, attachments) = composer.into_parts();
        self.field("messages", &text);
        self.field("bins", &to_json(&attachments.len()));
        self.json.push('}');
        self.attachments.extend(attachments);
    }

    fn http(&mut self, request: HttpRequest) {
        #[derive(Serialize)]
        struct Remote {
            address: String,
            port: u16,
        }
        let headers: Vec<&str> =
            request.headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect();
        let remote = Remote { address: request.remote.ip().to_string(), port: request.remote.port() };
        self.object(
            "http",
            &[
                ("id", to_json(&request.ticket)),
                ("method", to_json(&request.method)),
                ("url", to_json(&request.url)),
                ("headers", to_json(&headers)),
                ("remote", to_json(&remote)),
                ("bins", to_json(&u8::from(request.body.is_some()))),
            ],
        );
        self.attachments.extend(request.body);
    }
}
