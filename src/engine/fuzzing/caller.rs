//! A client that asks, and reads whatever it is told.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{floors::Floors, program::PAGE, wire};
use crate::engine::{error::Code, payload::to_json, protocol, transport::offline::Offline};

/// A client and what it is owed.
pub struct Caller {
    user: &'static str,
    session: Offline,
    left: bool,
    next: u64,
    /// Requests without an answer, and whether they must have one.
    owed: BTreeMap<u64, bool>,
    /// Offset of the newest event, by room.
    newest: HashMap<String, u64>,
}

impl Caller {
    /// Connects as `user`.
    pub fn connect(floors: &Floors, user: &'static str) -> Self {
        let session = floors.client();
        session.text(format!("0{}", json!({ "userId": user })).into());
        Self { user, session, left: false, next: 0, owed: BTreeMap::new(), newest: HashMap::new() }
    }

    /// Sends a request; `payload` is JSON, or nothing.
    pub fn ask(&mut self, name: &str, payload: &str, attachments: u8, wants_answer: bool) {
        let mut message = if attachments > 0 { format!("5{attachments}-") } else { "2".to_owned() };
        if wants_answer {
            message.push_str(&self.next.to_string());
            // What begins otherwise is the program's own, and answered if that likes to.
            self.owed.insert(self.next, name.starts_with(protocol::PREFIX));
            self.next += 1;
        }
        let comma = if payload.is_empty() { "" } else { "," };
        message.push_str(&format!("[{}{comma}{payload}]", to_json(name)));
        self.session.text(message.into());
        for number in 0..attachments {
            self.session.binary(Bytes::copy_from_slice(&[number]));
        }
    }

    /// Leaves the namespace.
    pub fn leave(&mut self) {
        self.left = true;
        self.session.text("1".into());
    }

    /// Closes its transport.
    pub fn close(&self) {
        self.session.close();
    }

    /// Reads what it was told.
    pub fn listen(&mut self) {
        let Some(payload) = self.session.poll() else { return };
        for packet in wire::packets(&payload.body) {
            match (packet.kind, packet.ack) {
                ('0' | '1', _) => {}
                ('2', None) => self.hear(&packet),
                ('3', Some(number)) => {
                    assert!(
                        self.owed.remove(&number).is_some(),
                        "answered once, and only who asked: {number}"
                    );
                    let [answer] = packet.data.as_array().expect("a list").as_slice() else {
                        panic!("one answer: {}", packet.data)
                    };
                    check_answer(answer);
                }
                // The program has too much to do: it is not let in, and may ask nothing.
                ('4', None) => {
                    assert_eq!(packet.data["data"]["code"], "OVERLOADED");
                    self.left = true;
                }
                _ => panic!("{}: {packet:?}", self.user),
            }
        }
    }

    fn hear(&mut self, packet: &wire::Packet) {
        let Some((name, told)) = packet.event() else { panic!("one argument: {packet:?}") };
        let room = told["roomId"].as_str().unwrap_or_default();
        match name {
            protocol::outgoing::CONNECTED => assert_eq!(told["userId"], self.user),
            protocol::outgoing::ROOM_DELETED => {
                self.newest.remove(room);
            }
            protocol::outgoing::EVENT => {
                assert!(["ada", "bob"].contains(&told["from"].as_str().expect("a sender")));
                let offset = told["offset"].as_u64().expect("an offset");
                let before = self.newest.insert(room.to_owned(), offset);
                assert!(before.is_none_or(|before| before < offset), "{room}: {before:?}, then {offset}");
            }
            protocol::outgoing::HISTORY_RESPONSE => check_page(told),
            _ => assert!(name.starts_with(protocol::PREFIX)),
        }
    }

    /// Whether it is connected still. What one who is gone asked for, nobody owes.
    pub fn is_there(&self) -> bool {
        self.session.is_open() && !self.left
    }

    /// Nothing is owed any more.
    pub fn check_answered(&self) {
        let waits = self.owed.values().any(|must| *must);
        assert!(!self.is_there() || !waits, "{} waits for {:?}", self.user, self.owed);
    }
}

fn check_answer(answer: &Value) {
    // Where Rust's reader cannot hold what it was granted.
    if answer.is_null() {
        return;
    }
    if answer["ok"] == true {
        return check_page(answer);
    }
    assert_eq!(answer["ok"], false);
    assert!(Code::named(answer["code"].as_str().expect("a code")).is_some());
    assert!(answer["message"].is_string());
}

/// A page is no longer than was asked for, and than pages are.
fn check_page(page: &Value) {
    let (Some(start), Some(end)) = (page["start"].as_u64(), page["end"].as_u64()) else { return };
    let count = page["events"].as_array().expect("events").len();
    assert!(count <= PAGE && count as u64 <= end.saturating_sub(start), "{page}");
}
