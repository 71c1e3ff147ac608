//! Packets, read and written with the packet crates of socketioxide.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use smallvec::SmallVec;
use socketioxide_core::{
    Str, Value,
    packet::{Packet, PacketData},
    parser::Parse,
};
use socketioxide_parser_common::CommonParser;

use crate::engine::{
    payload::{LossyText, Payload, part_of, to_json},
    transport::{Frame, Frames},
};

/// Names that a program's own events cannot have: Socket.IO closes a connection that uses them.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// An event as a client sent it.
#[derive(Debug)]
pub struct IncomingEvent {
    /// Its name. Socket.IO allows numbers; they name nothing here and stand as their text.
    pub name: Str,
    /// The whole array, as it came.
    pub whole: Str,
    /// The arguments behind the name, each as JSON text.
    pub args: SmallVec<[Str; 1]>,
    /// The attachments of the packet.
    pub attachments: Vec<Bytes>,
    /// Number of the acknowledgement that is asked for.
    pub ack: Option<i64>,
}

impl IncomingEvent {
    /// Bytes it holds.
    pub fn size(&self) -> usize {
        self.name.len()
            + self.args.iter().map(|arg| arg.len()).sum::<usize>()
            + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// Reads the array of an event packet. `None`: no array, or no name that Socket.IO accepts.
    pub(super) fn read(text: &Str, attachments: Vec<Bytes>, ack: Option<i64>) -> Option<Self> {
        let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        let (first, rest) = elements.split_first()?;
        let name: Str = match first.get().as_bytes().first()? {
            b'"' => serde_json::from_str::<LossyText>(first.get()).ok()?.0.into(),
            b'0'..=b'9' | b'-' => Str::copy_from_slice(first.get()),
            _ => return None,
        };
        if RESERVED.contains(&name.as_str()) {
            return None;
        }
        let args = rest.iter().map(|arg| part_of(text, arg.get())).collect();
        Some(Self { name, whole: text.clone(), args, attachments, ack })
    }
}

/// Whether a payload is a JSON array, as acknowledgements must be.
pub(super) fn is_array(text: &str) -> bool {
    serde_json::from_str::<Vec<&RawValue>>(text).is_ok()
}

/// An event for a client: `args` is the JSON array with the name first.
pub fn event(nsp: &Str, args: impl Into<Str>, attachments: &[Bytes], ack: Option<i64>) -> Frames {
    let value = value(args.into(), attachments);
    let inner = if attachments.is_empty() {
        PacketData::Event(value, ack)
    } else {
        PacketData::BinaryEvent(value, ack)
    };
    frames(nsp, inner, attachments)
}

/// An event with one argument.
pub fn event_with(nsp: &Str, name: &str, argument: &Payload) -> Frames {
    let mut args = String::with_capacity(name.len() + argument.text().len() + 8);
    args.push('[');
    args.push_str(&to_json(name));
    args.push(',');
    args.push_str(argument.text());
    args.push(']');
    event(nsp, args, argument.attachments(), None)
}

/// The answer to an event that asked for one: `args` is a JSON array.
pub fn ack(nsp: &Str, id: i64, args: impl Into<Str>, attachments: &[Bytes]) -> Frames {
    let value = value(args.into(), attachments);
    let inner = if attachments.is_empty() {
        PacketData::EventAck(value, id)
    } else {
        PacketData::BinaryAck(value, id)
    };
    frames(nsp, inner, attachments)
}

/// The socket of a namespace is open.
pub fn connect(nsp: &Str, socket_id: &str) -> Frames {
    #[derive(Serialize)]
    struct Connect<'a> {
        sid: &'a str,
    }
    connect_with(nsp, Some(to_json(&Connect { sid: socket_id })))
}

/// The socket of a namespace is open, said with these words.
pub(super) fn connect_with(nsp: &Str, data: Option<String>) -> Frames {
    frames(nsp, PacketData::Connect(data.map(|data| Value::Str(data.into(), None))), &[])
}

/// A namespace is refused: JSON texts for the fields of the client's `connect_error`, which has those that are given.
pub fn connect_error(nsp: &Str, message: Option<&str>, data: Option<&str>) -> Frames {
    let fields = [("message", message), ("data", data)]
        .iter()
        .filter_map(|(name, json)| json.map(|json| format!(r#""{name}":{json}"#)))
        .collect::<Vec<_>>();
    refusal(nsp, Some(&format!("{{{}}}", fields.join(","))))
}

/// A namespace is refused, with these words.
pub(super) fn refusal(nsp: &Str, json: Option<&str>) -> Frames {
    // The packet crate's error has a message alone. A connect packet is the same except for its first character.
    let value = json.map(|json| Value::Str(Str::copy_from_slice(json), None));
    let connect = encode(nsp, PacketData::Connect(value));
    let rest = connect.as_str().get(1..).unwrap_or_default();
    Frames::from_iter([Frame::text(&["44", rest])])
}

/// The socket of a namespace is closed.
pub fn disconnect(nsp: &Str) -> Frames {
    frames(nsp, PacketData::Disconnect, &[])
}

fn value(args: Str, attachments: &[Bytes]) -> Value {
    Value::Str(args, (!attachments.is_empty()).then(|| attachments.iter().cloned().collect()))
}

fn encode(nsp: &Str, inner: PacketData) -> Str {
    match CommonParser.encode(Packet { inner, ns: nsp.clone() }) {
        Value::Str(text, _) => text,
        // The common parser writes text.
        Value::Bytes(_) => Str::default(),
    }
}

fn frames(nsp: &Str, inner: PacketData, attachments: &[Bytes]) -> Frames {
    let mut frames = Frames::from_iter([Frame::text(&["4", &encode(nsp, inner)])]);
    frames.extend(attachments.iter().map(|bytes| Frame::binary(bytes)));
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<IncomingEvent> {
        IncomingEvent::read(&text.to_owned().into(), Vec::new(), None)
    }

    #[test]
    fn an_event_is_a_name_and_arguments_left_as_they_came() {
        let event = read(r#"["dialogue:join", {"roomId" : "é"}, [1]]"#).unwrap();
        assert_eq!(event.name.as_str(), "dialogue:join");
        assert_eq!(event.args[0].as_str(), r#"{"roomId" : "é"}"#);
        assert_eq!(event.args.len(), 2);
        assert_eq!(read("[7]").unwrap().name.as_str(), "7");
    }

    #[test]
    fn half_a_character_in_a_name_is_carried() {
        let event = read(r#"["a\ud83d",1]"#).unwrap();
        assert_eq!(event.whole.as_str(), r#"["a\ud83d",1]"#);
        assert!(!event.name.as_str().starts_with("dialogue:"));
        assert_eq!(read(r#"["dialogue:\u006aoin\udc00"]"#).unwrap().name.as_str()[..13], *"dialogue:join");
        assert_eq!(read(r#"["\ud83d\ude00"]"#).unwrap().name.as_str(), "😀");
    }

    #[test]
    fn a_refusal_has_the_fields_that_are_given() {
        let said = |message, data| {
            String::from_utf8(connect_error(&"/a".into(), message, data)[0].packet().to_vec())
        };
        assert_eq!(said(None, None).unwrap(), "44/a,{}");
        assert_eq!(said(Some(r#""no""#), None).unwrap(), r#"44/a,{"message":"no"}"#);
        assert_eq!(said(None, Some("7")).unwrap(), r#"44/a,{"data":7}"#);
        assert_eq!(said(Some("5"), Some("null")).unwrap(), r#"44/a,{"message":5,"data":null}"#);
    }

    #[test]
    fn what_socket_io_closes_a_connection_for() {
        for text in
            ["{}", "[]", "[{}]", "[null]", "[true]", r#"["connect"]"#, r#"["disconnecting",1]"#, "[", ""]
        {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
