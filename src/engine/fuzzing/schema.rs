//! Schemas. Whatever one is, it compiles or does not, and judges whatever comes; what the native lane accepts, means the
//! same to every reader.

use serde_json::{Value, json};

use crate::engine::{
    payload::{Attachments, Payload},
    schema::Lane,
};

/// By the bits of the first byte: lengths are checked, patterns are matched. Then a JSON Schema, up to the line's end, and in
/// each line behind it a payload.
pub fn schema(data: &[u8]) {
    let Some((flags, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut lines = text.split('\n');
    let Some(json) = lines.next().and_then(|line| serde_json::from_str::<Value>(line).ok()) else { return };
    let (lengths, patterns) = (flags & 1 != 0, flags & 2 != 0);
    let wire = json!({ "lane": "native", "json": json, "lengths": lengths, "patterns": patterns });
    let lane: Lane = serde_json::from_value(wire).expect("a lane");
    for line in lines {
        // Payloads are JSON when they come here.
        if serde_json::from_str::<serde::de::IgnoredAny>(line).is_err() {
            continue;
        }
        let payload = Payload::plain(line.to_owned());
        if lane.accepts(Some(&payload)) {
            assert!(matches!(lane, Lane::Native(_)));
            check_accepted(&lane, line, lengths, patterns);
        }
    }
    assert!(!lane.accepts(None));
}

fn check_accepted(lane: &Lane, text: &str, lengths: bool, patterns: bool) {
    let value: Value = serde_json::from_str(text).expect("what is accepted can be read");
    assert!(!lengths || text.chars().all(|character| character <= '\u{FFFF}'));
    assert!(!patterns || !text.contains(['\\', '\u{7F}']) && !text.bytes().any(|byte| byte > 0x7F));
    // Written by anybody, it is as good; but for numbers so small that they are written with an exponent.
    let written = value.to_string();
    assert_eq!(serde_json::from_str::<Value>(&written).ok().as_ref(), Some(&value));
    assert_eq!(keys(&value), text_keys(text), "no name comes twice: {text}");
    if !written.contains("e-") {
        assert!(lane.accepts(Some(&Payload::plain(written))), "{text}");
    }
    let mut attachments = Attachments::new([bytes::Bytes::from_static(b"x")]);
    let beside = format!(r#"[{text},{{"_placeholder":true,"num":0}}]"#);
    if let Ok(binary) = Payload::new(beside.into(), &mut attachments) {
        assert!(!lane.accepts(Some(&binary)), "attachments are for the schema");
    }
}

/// How many names there are in all objects.
fn keys(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(keys).sum::<usize>(),
        Value::Array(items) => items.iter().map(keys).sum(),
        _ => 0,
    }
}

/// The same, counted in the text: a colon outside of a string stands behind each.
fn text_keys(text: &str) -> usize {
    let (mut inside, mut escaped, mut count) = (false, false, 0);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => inside = !inside,
            b':' if !inside => count += 1,
            _ => {}
        }
    }
    count
}
