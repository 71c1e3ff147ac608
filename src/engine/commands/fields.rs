//! The fields of a request's payload. What is wrong is said by name.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::engine::{error::Refusal, payload::LossyText};

/// What is wrong with a text that JSON can say and UTF-8 cannot.
const HALF_A_CHARACTER: &str = "must not hold half a character (a lone surrogate)";

/// The fields of a JSON object, their values left as they came. Of several equal names the last counts, as in `JSON.parse`.
#[derive(Debug)]
pub struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads a JSON object.
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(4);
                while let Some((LossyText(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        deserializer.deserialize_map(Object).map_err(|_| Refusal::invalid("payload", "expected an object"))
    }

    /// A field's value as it came; absent and `null` are two things.
    pub fn raw(&self, field: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(name, _)| name == field).map(|(_, value)| value.get())
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    /// A field that may be absent or `null`.
    fn given(&self, field: &str) -> Option<&'a str> {
        self.raw(field).filter(|value| *value != "null")
    }

    /// A string of 1 to `max` bytes.
    pub fn id(&self, field: &str, max: u64) -> Result<String, Refusal> {
        self.optional_id(field, max)?.ok_or_else(|| Refusal::invalid(field, "expected a string"))
    }

    /// A string of 1 to `max` bytes, or nothing.
    pub fn optional_id(&self, field: &str, max: u64) -> Result<Option<String>, Refusal> {
        let Some(id) = self.optional_text(field, max)? else { return Ok(None) };
        if id.is_empty() {
            return Err(Refusal::invalid(field, "must not be empty"));
        }
        Ok(Some(id))
    }

    /// A string of at most `max` bytes, or nothing.
    pub fn optional_text(&self, field: &str, max: u64) -> Result<Option<String>, Refusal> {
        let Some(value) = self.given(field) else { return Ok(None) };
        let text: String = serde_json::from_str(value).map_err(|_| {
            // A string that is none in UTF-8.
            let expected = if value.starts_with('"') { HALF_A_CHARACTER } else { "expected a string" };
            Refusal::invalid(field, expected)
        })?;
        if text.len() as u64 > max {
            return Err(Refusal::invalid(field, &format!("must not be longer than {max} bytes")));
        }
        Ok(Some(text))
    }

    /// An integer from 0 up, or nothing. One too large to count with is the largest there is.
    pub fn optional_count(&self, field: &str) -> Result<Option<usize>, Refusal> {
        let Some(value) = self.given(field) else { return Ok(None) };
        let number: f64 = match value.as_bytes().first() {
            Some(b'0'..=b'9' | b'-') => value.parse().map_err(|_| not_a_count(field))?,
            _ => return Err(not_a_count(field)),
        };
        if number < 0.0 || number.fract() != 0.0 || !number.is_finite() {
            return Err(not_a_count(field));
        }
        // A float that is too large becomes the largest integer.
        Ok(Some(number as usize))
    }

    /// Whether a field is an object, or absent.
    pub fn optional_object(&self, field: &str) -> Result<Option<&'a str>, Refusal> {
        match self.given(field) {
            Some(value) if !value.starts_with('{') => Err(Refusal::invalid(field, "expected an object")),
            value => Ok(value),
        }
    }
}

fn not_a_count(field: &str) -> Refusal {
    Refusal::invalid(field, "expected an integer from 0 up")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_names_counts_and_prototypes_are_names() {
        let text = r#"{"__proto__":{"roomId":"x"},"roomId":1,"room\u0049d":"chat"}"#;
        let fields = Fields::parse(text).unwrap();
        assert_eq!(fields.id("roomId", 10).unwrap(), "chat");
        assert_eq!(fields.raw("__proto__"), Some(r#"{"roomId":"x"}"#));
    }

    #[test]
    fn errors_name_the_field_and_what_was_expected() {
        let fields = Fields::parse(
            r#"{"a":1,"b":"","c":"long","d":null,"e":-1,"f":1.5,"g":"1","h":[],"i":1e18,"j":1e999}"#,
        )
        .unwrap();
        let message = |result: Result<Option<String>, Refusal>| result.unwrap_err().message;
        assert_eq!(message(fields.optional_id("a", 3)), "a: expected a string");
        assert_eq!(message(fields.optional_id("b", 3)), "b: must not be empty");
        assert_eq!(message(fields.optional_id("c", 3)), "c: must not be longer than 3 bytes");
        assert_eq!(fields.id("d", 3).unwrap_err().message, "d: expected a string");
        for field in ["e", "f", "g", "h", "j"] {
            assert!(fields.optional_count(field).is_err(), "{field}");
        }
        assert_eq!(fields.optional_count("i").unwrap(), Some(1_000_000_000_000_000_000));
        assert!(fields.optional_object("h").is_err());
    }

    #[test]
    fn only_an_object_has_fields() {
        let halves = Fields::parse(r#"{"\ud83d":1,"roomId":"a\ud83d"}"#).unwrap();
        let message = halves.id("roomId", 10).unwrap_err().message;
        assert_eq!(message, "roomId: must not hold half a character (a lone surrogate)");
        assert_eq!(halves.iter().count(), 2);
        for text in ["null", "[]", "1", "\"x\"", "true"] {
            assert_eq!(Fields::parse(text).unwrap_err().message, "payload: expected an object");
        }
    }
}
