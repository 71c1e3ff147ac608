//! Calls from the queue as one JSON text and one list of attachments.

use bytes::Bytes;

use super::requests;
use crate::engine::{
    core::Core,
    host::{Call, Decision, HttpCall, HttpRequest, Level, RequestBody, RequestToDecide},
    io::{self, IoCall},
    payload::{Composer, Payload, to_json},
    rooms::{Publication, Room},
    socketio::PublicId,
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
            Call::Connected { client, .. } => {
                if let Some(client) = core.clients.get(&client) {
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
            call if !core.is_waited_for(&call) => {}
            Call::Decide { ticket, decision } => self.decide(ticket, decision),
            Call::Joined { client, room, key } => self.membership("joined", client.as_str(), &room, key),
            Call::Left { client, room, key } => self.membership("left", client.as_str(), &room, key),
            Call::RoomCreated(room) => self.room("created", &room),
            Call::RoomUpdated(room) => self.room("updated", &room),
            Call::RoomDeleted(room, key) => {
                self.object("deleted", &[("room", to_json(&*room)), ("key", to_json(&key))]);
            }
            Call::Event { publication, recipients, local } => self.event(&publication, recipients, local),
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
            Call::Io(call) => self.io(call),
            Call::Refused { request, session, code, message, context } => {
                let mut fields = vec![("request", requests::describe(&request))];
                fields.extend(session.map(|session| ("conn", to_json(session.as_str()))));
                fields.extend([
                    ("code", to_json(&code)),
                    ("message", to_json(message)),
                    ("context", context),
                ]);
                self.object("refused", &fields);
            }
            Call::Http(call) => self.http(call),
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
    fn event(&mut self, publication: &Publication, recipients: usize, local: u64) {
        self.begin("event");
        let Publication { origin, body, .. } = publication;
        self.field("room", &to_json(&*origin.room));
        self.field("key", &to_json(&origin.key));
        self.field("recipients", &to_json(&recipients));
        self.field("local", &to_json(&local));
        self.field("bins", &to_json(&body.attachments().len()));
        self.field("message", body.text());
        self.json.push('}');
        self.attachments.extend(body.attachments().iter().cloned());
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
            Decision::Request(question) => {
                let RequestToDecide { request, session, refused, cookie, file } = *question;
                let mut fields = vec![("ticket", ticket), ("request", requests::describe(&request))];
                fields.extend(session.map(|session| ("conn", to_json(session.as_str()))));
                fields.extend(refused.then(|| ("refused", "true".to_owned())));
                fields.extend(cookie.map(|cookie| ("cookie", to_json(&cookie))));
                fields.extend(file.map(|file| ("file", to_json(&file))));
                self.object("decideRequest", &fields);
            }
            Decision::Namespace { nsp, socket } => self
                .object("decideNamespace", &[("ticket", ticket), ("nsp", to_json(&nsp)), ("socket", socket)]),
        }
    }

    fn io(&mut self, call: IoCall) {
        match call {
            IoCall::Connected { nsp, socket, auth, .. } => self
                .object("ioConnected", &[("nsp", to_json(&nsp)), ("socket", io::describe(&socket, &auth))]),
            IoCall::Disconnected { nsp, id, reason } => self.object(
                "ioDisconnected",
                &[("nsp", to_json(&nsp)), ("id", to_json(id.as_str())), ("reason", to_json(reason))],
            ),
            IoCall::Rooms { nsp } => self.object("ioRooms", &[("nsp", to_json(&nsp))]),
            IoCall::Turn => self.object("ioTurn", &[]),
            IoCall::Event { socket, .. } if socket.has_left() => {}
            IoCall::Event { nsp, socket, args, ack, overheard } => {
                self.io_args("ioEvent", nsp, &socket.public_id(), args, ack, overheard);
            }
            IoCall::Answered { nsp, id, ack, args } => {
                self.io_args("ioAnswered", nsp, &id, args, Some(ack), false);
            }
            IoCall::Failed { nsp, id, message } => self.object(
                "ioFailed",
                &[("nsp", to_json(&nsp)), ("id", to_json(id.as_str())), ("message", to_json(message))],
            ),
            IoCall::Upgraded { session } => {
                self.object("ioUpgraded", &[("conn", to_json(session.as_str()))]);
            }
            IoCall::Closed { session, reason } => {
                self.object("ioClosed", &[("conn", to_json(session.as_str())), ("reason", to_json(reason))])
            }
        }
    }

    fn io_args(
        &mut self,
        kind: &str,
        nsp: u32,
        id: &PublicId,
        args: Payload,
        ack: Option<i64>,
        overheard: bool,
    ) {
        self.begin(kind);
        self.field("nsp", &to_json(&nsp));
        self.field("id", &to_json(id.as_str()));
        if let Some(ack) = ack {
            self.field("ack", &to_json(&ack));
        }
        if overheard {
            self.field("overheard", "true");
        }
        if !args.attachments().is_empty() {
            self.field("bins", &to_json(&args.attachments().len()));
        }
        self.field("args", args.text());
        self.json.push('}');
        self.attachments.extend(args.attachments().iter().cloned());
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

    fn http(&mut self, call: HttpCall) {
        match call {
            HttpCall::Request(request) => self.http_request(request),
            HttpCall::Piece { id, bytes, more } => {
                let bins = to_json(&u8::from(bytes.is_some()));
                self.object("httpPiece", &[("id", to_json(&id)), ("more", to_json(&more)), ("bins", bins)]);
                self.attachments.extend(bytes);
            }
            HttpCall::Drained { id } => self.object("httpDrained", &[("id", to_json(&id))]),
            HttpCall::Aborted { id } => self.object("httpAborted", &[("id", to_json(&id))]),
        }
    }

    fn http_request(&mut self, request: HttpRequest) {
        self.begin("http");
        self.field("id", &to_json(&request.id));
        self.json.push(',');
        self.json.push_str(&request.head);
        match request.body {
            RequestBody::None => {}
            RequestBody::Whole(body) => {
                self.field("bins", "1");
                self.attachments.push(body);
            }
            RequestBody::Pieces => self.field("pieces", "true"),
        }
        self.json.push('}');
    }
}
