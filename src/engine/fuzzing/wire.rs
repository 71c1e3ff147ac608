//! What a client makes of the payloads it gets: packets, read without the engine's own reader.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;

/// A packet of Socket.IO, its attachments with it.
#[derive(Debug)]
pub struct Packet {
    /// `'0'` connect, `'1'` disconnect, `'2'` event, `'3'` acknowledgement, `'4'` refusal.
    pub kind: char,
    /// Of an acknowledgement, or of an event that asks for one.
    pub ack: Option<u64>,
    /// What it carries.
    pub data: Value,
}

impl Packet {
    /// An event's name and its only argument.
    pub fn event(&self) -> Option<(&str, &Value)> {
        let [name, argument] = self.data.as_array()?.as_slice() else { return None };
        (self.kind == '2').then_some((name.as_str()?, argument))
    }
}

/// Reads a payload of messages in namespace `/`.
///
/// # Panics
/// Where a client would throw: on what is no packet, no JSON, or a placeholder without its attachment.
pub fn packets(payload: &[u8]) -> Vec<Packet> {
    let text = std::str::from_utf8(payload).expect("a payload is UTF-8");
    let mut read: Vec<(Packet, usize)> = Vec::new();
    for packet in text.split('\x1e') {
        if let Some(binary) = packet.strip_prefix('b') {
            STANDARD.decode(binary).expect("an attachment is base64");
            let (_, missing) = read.last_mut().expect("an attachment follows its packet");
            *missing = missing.checked_sub(1).expect("an attachment has its place");
            continue;
        }
        assert!(read.last().is_none_or(|(_, missing)| *missing == 0), "attachments follow at once");
        if let Some(message) = packet.strip_prefix('4') {
            read.push(message_of(message));
        } else {
            assert!(matches!(packet, "1" | "6"), "no packet of the server's: {packet}");
        }
    }
    assert!(read.iter().all(|(_, missing)| *missing == 0), "no attachment is missing");
    read.into_iter().map(|(packet, _)| packet).collect()
}

/// A packet, and how many attachments it says follow.
fn message_of(message: &str) -> (Packet, usize) {
    let mut rest = message.get(1..).expect("a packet has a kind");
    let (kind, attachments) = match &message[..1] {
        "5" => ("2", take_number(&mut rest)),
        "6" => ("3", take_number(&mut rest)),
        kind => (kind, None),
    };
    if attachments.is_some() {
        rest = rest.strip_prefix('-').expect("a dash behind the number of attachments");
    }
    let ack = take_number(&mut rest);
    let data = if rest.is_empty() { Value::Null } else { json(rest) };
    let attachments = attachments.unwrap_or(0) as usize;
    check_placeholders(&data, attachments);
    (Packet { kind: kind.chars().next().expect("a kind"), ack, data }, attachments)
}

fn take_number(text: &mut &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    *text = rest;
    number.parse().ok()
}

/// A value, where Rust's reader can hold it: it has no halves of characters, and no number beyond a float.
pub fn json(text: &str) -> Value {
    let valid = serde_json::from_str::<serde::de::IgnoredAny>(text);
    assert!(valid.is_ok(), "no JSON: {text}");
    serde_json::from_str(text).unwrap_or_default()
}

/// Every placeholder stands for an attachment, and every attachment for one.
pub fn check_placeholders(data: &Value, attachments: usize) {
    // Nothing to look at where Rust's reader could not hold the value.
    if data.is_null() {
        return;
    }
    let mut numbers = Vec::new();
    collect(data, &mut numbers);
    numbers.sort_unstable();
    assert_eq!(numbers, (0..attachments as u64).collect::<Vec<_>>(), "placeholders of {data}");
}

fn collect(value: &Value, numbers: &mut Vec<u64>) {
    match value {
        Value::Object(fields) if fields.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number = fields.get("num").and_then(Value::as_u64);
            numbers.push(number.expect("a placeholder has a number"));
        }
        Value::Object(fields) => fields.values().for_each(|value| collect(value, numbers)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, numbers)),
        _ => {}
    }
}

/// A value with its attachments in their places, as lists of bytes.
pub fn filled(value: Value, attachments: &[Bytes]) -> Value {
    match value {
        Value::Object(fields) if fields.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number = fields.get("num").and_then(Value::as_u64).expect("a placeholder has a number");
            attachments[number as usize].as_ref().into()
        }
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, filled(value, attachments))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| filled(item, attachments)).collect(),
        other => other,
    }
}
