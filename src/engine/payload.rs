//! JSON with binary values beside it, carried without being parsed.
//!
//! Socket.IO replaces each binary value of a message by a placeholder, `{"_placeholder":true,"num":N}`, and sends the bytes
//! as attachments. The engine forwards messages as the text that came, and puts several into one reply, so it has to know
//! where the placeholders are: a number that is out of range, or a placeholder without an attachment, would make the
//! decoder of every receiver throw or hand it another message's bytes.

use std::fmt;

use bytes::Bytes;
use serde::{
    Deserialize, Serialize,
    de::{Deserializer, Visitor},
};
use smallvec::SmallVec;
use socketioxide_core::Str;

/// Where a placeholder object stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    start: usize,
    end: usize,
}

/// A JSON value and its attachments. The n-th placeholder of the text stands for the n-th attachment.
#[derive(Clone, Debug)]
pub struct Payload {
    text: Str,
    slots: SmallVec<[Slot; 1]>,
    attachments: Vec<Bytes>,
}

/// Why a text cannot be carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// A placeholder's number is missing, no integer, out of range or used twice.
    #[error("a binary placeholder does not match an attachment")]
    Placeholder,
    /// An attachment that no placeholder stands for.
    #[error("an attachment has no placeholder")]
    Unused,
}

/// Attachments of one message, each to be taken once.
#[derive(Debug, Default)]
pub struct Attachments(Vec<Option<Bytes>>);

impl Attachments {
    /// The attachments in the order they came.
    pub fn new(attachments: impl IntoIterator<Item = Bytes>) -> Self {
        Self(attachments.into_iter().map(Some).collect())
    }

    /// Whether the message had none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails when some attachment was never taken.
    ///
    /// # Errors
    /// [`PayloadError::Unused`].
    pub fn finish(self) -> Result<(), PayloadError> {
        if self.0.iter().any(Option::is_some) { Err(PayloadError::Unused) } else { Ok(()) }
    }

    fn take(&mut self, number: Option<usize>) -> Result<Bytes, PayloadError> {
        number
            .and_then(|number| self.0.get_mut(number))
            .and_then(Option::take)
            .ok_or(PayloadError::Placeholder)
    }
}

impl Payload {
    /// Takes valid JSON text and, from `attachments`, those it has placeholders for.
    ///
    /// # Errors
    /// [`PayloadError::Placeholder`], and then nothing of it may be passed on.
    pub fn new(text: Str, attachments: &mut Attachments) -> Result<Self, PayloadError> {
        if attachments.is_empty() && !may_hold_placeholder(&text) {
            return Ok(Self { text, slots: SmallVec::new(), attachments: Vec::new() });
        }
        let found = placeholders(&text)?;
        if found.is_empty() {
            return Ok(Self { text, slots: SmallVec::new(), attachments: Vec::new() });
        }
        let mut composer = Composer::default();
        let mut slots = SmallVec::new();
        let mut copied = 0;
        for placeholder in found {
            composer.text.push_str(&text[copied..placeholder.start]);
            let start = composer.text.len();
            composer.push_attachment(attachments.take(placeholder.number)?);
            slots.push(Slot { start, end: composer.text.len() });
            copied = placeholder.end;
        }
        composer.text.push_str(&text[copied..]);
        Ok(Self { text: composer.text.into(), slots, attachments: composer.attachments })
    }

    /// The elements of a JSON array of objects, each with the attachments it has placeholders for. `None`: it is something
    /// else.
    pub fn elements(text: String, mut attachments: Attachments) -> Option<Vec<Self>> {
        let elements: Vec<&serde_json::value::RawValue> = serde_json::from_str(&text).ok()?;
        let mut payloads = Vec::with_capacity(elements.len());
        for element in elements {
            if !element.get().starts_with('{') {
                return None;
            }
            payloads.push(Self::new(element.get().to_owned().into(), &mut attachments).ok()?);
        }
        Some(payloads)
    }

    /// A whole message, to be passed on as it is and put into no other: several placeholders may stand for one attachment, as in Socket.IO.
    ///
    /// # Errors
    /// [`PayloadError`]: a number is missing or out of range, or nothing stands for an attachment.
    pub fn whole(text: Str, attachments: Vec<Bytes>) -> Result<Self, PayloadError> {
        let mut used = vec![false; attachments.len()];
        for placeholder in placeholders(&text)? {
            let place = placeholder.number.and_then(|number| used.get_mut(number));
            *place.ok_or(PayloadError::Placeholder)? = true;
        }
        if used.contains(&false) {
            return Err(PayloadError::Unused);
        }
        Ok(Self { text, slots: SmallVec::new(), attachments })
    }

    /// JSON text of the engine's own making, which holds no placeholder.
    pub fn plain(text: impl Into<Str>) -> Self {
        Self { text: text.into(), slots: SmallVec::new(), attachments: Vec::new() }
    }

    /// The JSON text, its placeholders numbered from 0.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The attachments, in the order of their placeholders.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Bytes of the text and the attachments.
    pub fn size(&self) -> usize {
        self.text.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}

/// Puts several payloads into one, renumbering their placeholders.
#[derive(Debug, Default)]
pub struct Composer {
    text: String,
    attachments: Vec<Bytes>,
    slots: SmallVec<[Slot; 1]>,
}

impl Composer {
    /// An empty one with room for `capacity` bytes of text.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { text: String::with_capacity(capacity), ..Self::default() }
    }

    /// Appends JSON text that holds no placeholder.
    pub fn raw(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a value as JSON.
    pub fn json(&mut self, value: &(impl Serialize + ?Sized)) -> &mut Self {
        self.text.push_str(&to_json(value));
        self
    }

    /// Appends a payload.
    pub fn payload(&mut self, payload: &Payload) -> &mut Self {
        self.append(payload, 0)
    }

    /// Appends a payload from a byte of its text on.
    fn append(&mut self, payload: &Payload, mut copied: usize) -> &mut Self {
        for (slot, attachment) in payload.slots.iter().zip(&payload.attachments) {
            self.text.push_str(&payload.text[copied..slot.start]);
            let start = self.text.len();
            self.push_attachment(attachment.clone());
            self.slots.push(Slot { start, end: self.text.len() });
            copied = slot.end;
        }
        self.text.push_str(&payload.text[copied..]);
        self
    }

    /// Appends the fields of an object, and its closing brace, behind an open brace of the caller's.
    pub fn payload_fields(&mut self, object: &Payload) -> &mut Self {
        self.append(object, 1)
    }

    /// Appends payloads as a JSON array.
    pub fn array<'a>(&mut self, payloads: impl IntoIterator<Item = &'a Payload>) -> &mut Self {
        self.text.push('[');
        for (index, payload) in payloads.into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.payload(payload);
        }
        self.text.push(']');
        self
    }

    /// Bytes so far, text and attachments.
    pub fn size(&self) -> usize {
        self.text.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// The text and the attachments.
    pub fn into_parts(self) -> (String, Vec<Bytes>) {
        (self.text, self.attachments)
    }

    /// What was composed, as a payload.
    pub fn finish(self) -> Payload {
        Payload { text: self.text.into(), slots: self.slots, attachments: self.attachments }
    }

    fn push_attachment(&mut self, attachment: Bytes) {
        self.text.push_str(r#"{"_placeholder":true,"num":"#);
        self.text.push_str(&self.attachments.len().to_string());
        self.text.push('}');
        self.attachments.push(attachment);
    }
}

/// `part` as a slice that shares the bytes of `whole`, which it is a part of.
pub fn part_of(whole: &Str, part: &str) -> Str {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    if start.checked_add(part.len()).is_some_and(|end| end <= whole.len()) {
        whole.slice(start..start + part.len())
    } else {
        Str::copy_from_slice(part)
    }
}

/// A text read from JSON, which can say half of a surrogate pair where UTF-8 cannot: U+FFFD stands in its place. For texts that are compared with names
/// of the engine's own, none of which holds one, and for no others.
#[derive(Debug, PartialEq, Eq)]
pub struct LossyText(pub String);

impl<'de> Deserialize<'de> for LossyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = LossyText;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<LossyText, E> {
                Ok(LossyText(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Text)
    }
}

/// A value as JSON text. Strings, numbers and structs of them cannot fail to serialize.
pub fn to_json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// A JSON object of texts, in the order in which they are given. No name may come twice.
pub fn object_json<N: AsRef<str>>(fields: impl IntoIterator<Item = (N, String)>) -> String {
    let mut text = String::from("{");
    for (name, value) in fields {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&to_json(name.as_ref()));
        text.push(':');
        text.push_str(&to_json(&value));
    }
    text.push('}');
    text
}

/// Whether arrays and objects are nested more than `max` deep in valid or invalid JSON text.
pub fn deeper_than(text: &str, max: usize) -> bool {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > max {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = string_end(bytes, at),
            _ => {}
        }
        at += 1;
    }
    false
}

/// Index of the quote that closes the string opened at `open`, or the last index of the text.
fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at,
            _ => at += 1,
        }
    }
    bytes.len().saturating_sub(1)
}

/// Cheap test that spares nearly all texts the walk. A key may be written with escapes.
fn may_hold_placeholder(text: &str) -> bool {
    text.contains("_placeholder") || text.contains("\\u")
}

/// A placeholder object found in a text.
struct Placeholder {
    start: usize,
    end: usize,
    number: Option<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Key {
    Flag,
    Number,
    Other,
}

/// An object or array that is open at some point of the walk.
struct Level {
    start: usize,
    object: bool,
    expects_key: bool,
    key: Key,
    flag: bool,
    number: Option<usize>,
}

impl Level {
    /// A value was read. As in `JSON.parse`, the last of several equal keys counts.
    fn value(&mut self, token: Option<&str>) {
        match self.key {
            Key::Flag => self.flag = token == Some("true"),
            Key::Number => self.number = token.and_then(|token| token.parse().ok()),
            Key::Other => {}
        }
    }
}

/// The placeholders of valid JSON text, in order. One inside another is an error.
fn placeholders(text: &str) -> Result<Vec<Placeholder>, PayloadError> {
    let bytes = text.as_bytes();
    let mut found: Vec<Placeholder> = Vec::new();
    let mut open: SmallVec<[Level; 16]> = SmallVec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                if let Some(level) = open.last_mut() {
                    level.value(None);
                }
                let object = byte == b'{';
                open.push(Level {
                    start: at,
                    object,
                    expects_key: object,
                    key: Key::Other,
                    flag: false,
                    number: None,
                });
            }
            b'}' | b']' => {
                if let Some(level) = open.pop()
                    && level.flag
                {
                    if found.last().is_some_and(|inner| inner.start > level.start) {
                        return Err(PayloadError::Placeholder);
                    }
                    found.push(Placeholder { start: level.start, end: at + 1, number: level.number });
                }
            }
            b'"' => {
                let end = string_end(bytes, at);
                if let Some(level) = open.last_mut() {
                    if level.object && level.expects_key {
                        level.key = classify(text.get(at + 1..end).unwrap_or_default());
                        level.expects_key = false;
                    } else {
                        level.value(None);
                    }
                }
                at = end;
            }
            b',' => {
                if let Some(level) = open.last_mut() {
                    level.expects_key = level.object;
                    level.key = Key::Other;
                }
            }
            b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => {
                let length = bytes[at..].iter().take_while(|byte| !b",]} \t\r\n".contains(byte)).count();
                if let Some(level) = open.last_mut() {
                    level.value(text.get(at..at + length));
                }
                at += length.max(1) - 1;
            }
        }
        at += 1;
    }
    Ok(found)
}

fn classify(raw: &str) -> Key {
    let unescaped;
    let key = if raw.contains('\\') {
        unescaped = serde_json::from_str::<String>(&format!("\"{raw}\"")).unwrap_or_default();
        unescaped.as_str()
    } else {
        raw
    };
    match key {
        "_placeholder" => Key::Flag,
        "num" => Key::Number,
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str, attachments: &[&'static [u8]]) -> Result<Payload, PayloadError> {
        let mut attachments = Attachments::new(attachments.iter().map(|bytes| Bytes::from_static(bytes)));
        let payload = Payload::new(text.to_owned().into(), &mut attachments)?;
        attachments.finish()?;
        Ok(payload)
    }

    #[test]
    fn placeholders_are_renumbered_in_order_of_appearance() {
        let payload = take(
            r#"{"b":{"_placeholder":true,"num":1},"a":[{"num":0,"_placeholder":true}, 1]}"#,
            &[b"zero", b"one"],
        )
        .unwrap();
        assert_eq!(
            payload.text(),
            r#"{"b":{"_placeholder":true,"num":0},"a":[{"_placeholder":true,"num":1}, 1]}"#
        );
        assert_eq!(payload.attachments(), [Bytes::from_static(b"one"), Bytes::from_static(b"zero")]);
    }

    #[test]
    fn bad_placeholders_are_refused() {
        for text in [
            r#"{"_placeholder":true,"num":"splice"}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":1000000000}"#,
            r#"{"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":0.5}"#,
            r#"{"_placeholder":true,"num":[0]}"#,
            r#"{"_placeholder":true,"num":0,"num":"splice"}"#,
            r#"{"\u005fplaceholder":true,"num":7}"#,
            r#"{"_placeholder":true,"num":0,"x":{"_placeholder":true,"num":0}}"#,
            r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
        ] {
            assert_eq!(take(text, &[b"zero"]).unwrap_err(), PayloadError::Placeholder, "{text}");
        }
        assert_eq!(take("[1]", &[b"zero"]).unwrap_err(), PayloadError::Unused);
        // Nobody's decoder looks at it in a text packet, but it would be taken for another's in a shared reply.
        assert_eq!(take(r#"{"_placeholder":true,"num":0}"#, &[]).unwrap_err(), PayloadError::Placeholder);
    }

    #[test]
    fn what_only_looks_like_a_placeholder_is_carried_unchanged() {
        for text in [
            r#"{"_placeholder":false,"num":0}"#,
            r#"{"_placeholder":"true","num":0}"#,
            r#"{"_placeholder":true,"_placeholder":null}"#,
            r#"["_placeholder", true, "num"]"#,
            r#""{\"_placeholder\":true,\"num\":0}""#,
            r#"{"a":"\\","b":"\"{","c":1e999,"\u0000":"\ud800"}"#,
        ] {
            assert_eq!(take(text, &[]).unwrap().text(), text);
        }
    }

    #[test]
    fn a_reply_of_several_renumbers_each() {
        let one = take(r#"{"d":{"_placeholder":true,"num":0}}"#, &[b"a"]).unwrap();
        let two = take(r#"[1]"#, &[]).unwrap();
        let mut composer = Composer::default();
        composer.array([&one, &two, &one]);
        let both = composer.finish();
        assert_eq!(
            both.text(),
            r#"[{"d":{"_placeholder":true,"num":0}},[1],{"d":{"_placeholder":true,"num":1}}]"#
        );
        let mut again = Composer::default();
        again.raw("[").payload(&one).raw(",").payload(&both).raw("]");
        assert!(again.finish().text().contains(r#""num":2"#));
    }

    #[test]
    fn depth_ignores_what_stands_in_strings() {
        assert!(!deeper_than(r#"["[[[[\"[["]"#, 1));
        assert!(deeper_than("[[", 1));
        assert!(!deeper_than(&"[]".repeat(1000), 1));
    }
}
