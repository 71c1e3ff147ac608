//! A program as the commands see one: rooms, limits that are soon reached, and hooks that answer.

use std::sync::Arc;

use serde_json::{Value, json};

use super::wire;
use crate::engine::{
    commands::Fields,
    config::{Config, RoomConfig},
    connection,
    core::Core,
    error::Code,
    host::{Answer, Call, Decision, Hooks, Host, Verdict},
    io::{self, IoCall},
    payload::{Attachments, Payload},
    rooms,
    socketio::Hearing,
};

/// Most rooms of one client.
pub const JOINS: usize = 3;
/// Most subscriptions of one client.
pub const SUBSCRIPTIONS: usize = 6;
/// Most rooms that a user may hold.
pub const HELD: usize = 2;
/// Most events of one page.
pub const PAGE: usize = 4;

/// Whom nobody has to wake: the target drains when it comes to that.
struct Asleep;

impl Host for Asleep {
    fn wake(&self) {}
}

/// The engine and who answers it.
pub struct Program {
    pub core: Arc<Core>,
    /// It refuses what it is asked, or fails.
    refuses: bool,
    /// It is always late.
    late: bool,
    /// It listens to all that its clients send.
    listens: bool,
    /// It says nothing any more when the server stops.
    pub ends_silent: bool,
}

impl Program {
    /// `traits`: a letter for each hook that is installed, and for how it answers.
    pub fn new(traits: &str) -> Self {
        let has = |letter: char| traits.contains(letter);
        let limits = json!({
            "rate": 0, "historyRate": 0, "roomRate": 0, "joins": JOINS, "subscriptions": SUBSCRIPTIONS, "idLength": 16, "jsonDepth": 8,
            "historyPage": PAGE, "historyBytes": 1_024, "sendBuffer": 1_024, "hookQueue": if has('q') { 2 } else { 10_000 },
            "clientRooms": { "max": HELD, "maxSize": 2, "defaultSubscriptions": ["*"] },
        });
        let config: Config = serde_json::from_value(json!({ "limits": limits })).expect("a configuration");
        let core = Core::new(config, Arc::new(Asleep));
        for (id, room) in rooms_at_first() {
            let room: RoomConfig = serde_json::from_value(room).expect("a room");
            rooms::create(&core, id, room, None, None).expect("a room");
        }
        let hooks = [
            ('e', Hooks::BEFORE_EACH),
            ('j', Hooks::BEFORE_JOIN),
            ('n', Hooks::CONNECTED),
            ('d', Hooks::DISCONNECTED),
            ('v', Hooks::EVENTS),
            ('c', Hooks::CLEANUP),
            ('l', Hooks::LOAD),
            ('m', Hooks::JOINED | Hooks::LEFT | Hooks::CREATED | Hooks::DELETED),
        ];
        core.hooks.set(hooks.iter().filter(|(letter, _)| has(*letter)).map(|(_, bit)| bit).sum());
        Self { core, refuses: has('r'), late: has('o'), listens: has('i'), ends_silent: has('s') }
    }

    /// Takes what the engine wants of its host, and answers. `false`: it wanted nothing.
    pub fn answer_all(&self) -> bool {
        let calls = self.core.drain(16);
        let some = !calls.is_empty();
        calls.into_iter().for_each(|call| self.answer(call));
        some
    }

    fn answer(&self, call: Call) {
        let core = &self.core;
        match call {
            Call::Connected { client, .. } => {
                if let Some(client) = core.clients.get(&client) {
                    if self.listens {
                        client.socket().hear(Hearing::EVENTS | Hearing::EVERYTHING);
                    }
                    connection::ready(core, &client);
                }
            }
            Call::Disconnected { client, .. } => {
                if let Some(client) = core.clients.get(&client) {
                    core.clients.remove(&client);
                    client.forget_rooms();
                    core.io.main().forget(client.socket().public_id().as_str(), true);
                }
            }
            Call::Decide { ticket, decision } => {
                let open = core.decisions.is_open(ticket);
                assert_eq!(core.decisions.answer(ticket, self.verdict(decision)), open);
                assert!(!core.decisions.answer(ticket, Verdict::Overdue), "it is decided once");
            }
            Call::Event { publication, .. } => check(&publication.body),
            Call::Io(IoCall::Turn) => io::turned(core),
            Call::Io(IoCall::Event { socket, args, ack, overheard, .. }) => {
                // Without attachments nothing is put in the place of what looks like one.
                if !args.attachments().is_empty() {
                    check(&args);
                }
                assert!(ack.is_none() || !overheard, "who only listens has no say");
                if let Some(ack) = ack.filter(|_| !self.late) {
                    socket.acknowledge(ack, r#"[{"ok":true}]"#, &[]);
                }
            }
            Call::Cleanup { ticket, events, .. } => {
                events.iter().for_each(|event| check(&event.body));
                core.tickets.answer(ticket, if self.refuses { Answer::Failed } else { Answer::Cleaned });
            }
            Call::Load(load) => {
                let message =
                    json!({ "event": &*load.name, "roomId": &*load.room, "from": "system", "timestamp": 1 });
                let older = vec![Payload::plain(message.to_string()); 8];
                core.tickets
                    .answer(load.ticket, if self.refuses { Answer::Failed } else { Answer::Loaded(older) });
            }
            _ => {}
        }
    }

    fn verdict(&self, decision: Decision) -> Verdict {
        if self.late {
            return Verdict::Overdue;
        }
        if self.refuses {
            return Verdict::Refuse {
                code: Code::PermissionDenied,
                reason: "\"no\"".to_owned(),
                issues: None,
            };
        }
        let Decision::Event { message, .. } = decision else {
            return Verdict::Accept { data: None, meta: None, local: 0 };
        };
        check(&message);
        // What a hook returns unchanged, comes back in its own parts.
        let fields = Fields::parse(message.text()).expect("an object");
        let mut attachments = Attachments::new(message.attachments().iter().cloned());
        let mut part = |name: &str| {
            fields
                .raw(name)
                .map(|text| Payload::new(text.to_owned().into(), &mut attachments).expect("a part"))
        };
        let (data, meta) = (part("data"), part("meta"));
        attachments.finish().expect("nothing is left");
        Verdict::Accept { data, meta, local: 0 }
    }
}

/// What a receiver or a hook is handed, it can read.
fn check(message: &Payload) {
    wire::check_placeholders(&wire::json(message.text()), message.attachments().len());
}

fn rooms_at_first() -> [(&'static str, Value); 3] {
    let message = json!({ "name": "message", "history": { "enabled": true, "limit": 3 } });
    let short = json!({ "type": "string", "maxLength": 5 });
    let schema = json!({ "lane": "native", "json": short, "lengths": true, "patterns": false });
    let note = json!({ "name": "note", "schema": schema, "history": { "enabled": true, "limit": 2 } });
    [
        (
            "small",
            json!({
                "name": "Small", "maxSize": 2, "events": [message, note],
                "defaultSubscriptions": ["message"], "syncHistoryOnJoin": true,
            }),
        ),
        (
            "any",
            json!({ "name": "Any", "events": [{ "name": "*" }, message], "defaultSubscriptions": ["*", "note"] }),
        ),
        ("hidden", json!({ "name": "Hidden", "listed": false, "events": [message], "syncHistoryOnJoin": 2 })),
    ]
}
