//! Header values as text and back: a character for each byte, as fetch and Node have them. What the bytes mean is for whoever reads them.

use bytes::Bytes;
use http::HeaderValue;

/// The text of a value.
pub fn read(value: &HeaderValue) -> String {
    value.as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

/// The value of a text. `None`: no header has that, such as a character beyond U+00FF or a line break.
pub fn write(text: &str) -> Option<HeaderValue> {
    if text.is_ascii() {
        return HeaderValue::from_str(text).ok();
    }
    let bytes: Vec<u8> = text.chars().map(|char| u8::try_from(char).ok()).collect::<Option<_>>()?;
    HeaderValue::from_maybe_shared(Bytes::from(bytes)).ok()
}

/// The value of a text that is there already as UTF-8; without a copy where it is ASCII.
pub fn write_shared(text: Bytes) -> Option<HeaderValue> {
    if text.is_ascii() {
        return HeaderValue::from_maybe_shared(text).ok();
    }
    write(std::str::from_utf8(&text).ok()?)
}

/// Appends the text of a value to a JSON string.
pub fn push_json(json: &mut String, value: &HeaderValue) {
    let bytes = value.as_bytes();
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if bytes.iter().all(plain)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        json.push_str(text);
        return;
    }
    for byte in bytes {
        match byte {
            b'"' => json.push_str("\\\""),
            b'\\' => json.push_str("\\\\"),
            // The one control character that a value may have.
            b'\t' => json.push_str("\\t"),
            byte => json.push(char::from(*byte)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_a_value_may_have_comes_back() {
        let bytes: Vec<u8> = (b' '..=b'~').chain(0x80..=0xff).chain([b'\t']).collect();
        let value = HeaderValue::from_bytes(&bytes).unwrap();
        let text = read(&value);
        assert_eq!(text.chars().count(), bytes.len());
        assert_eq!(write(&text).unwrap(), value);
        assert_eq!(write_shared(text.clone().into()).unwrap(), value);
        let mut json = "\"".to_owned();
        push_json(&mut json, &value);
        json.push('"');
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn what_no_header_has_is_none() {
        for text in ["Ō", "a\nb", "\r", "ü\n", "\u{7f}", "\u{0}"] {
            assert_eq!(write(text), None, "{text:?}");
            assert_eq!(write_shared(text.to_owned().into()), None, "{text:?}");
        }
    }
}
