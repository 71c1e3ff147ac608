//! Which lane an event's schema takes, and the native one.
//!
//! The native lane accepts what the schema itself would accept and return unchanged, so that the bytes that came may pass. What it does
//! not accept is not refused: it goes to the schema, whose verdict, output and message stand. Only a wrong accept can hurt, so
//! everything that is not plain goes there too.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock, Mutex, Weak},
};

use jsonschema::{PatternOptions, Validator};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use super::{lock::lock, payload::Payload};

/// Digits of an integer that every reader takes for the same number.
const MAX_DIGITS: usize = 15;
/// Bytes of a number: all that programs write without an exponent, and none so small that it comes out as 0 or `-0`.
const MAX_NUMBER: usize = 32;
/// Compiled schemas that the cache looks through before it forgets those nobody uses.
const CACHE_SWEEP: usize = 256;

/// Who judges a payload.
#[derive(Clone, Debug)]
pub enum Lane {
    /// The schema itself.
    JavaScript,
    /// The engine, where it can accept; otherwise the schema.
    Native(Arc<Compiled>),
}

/// A schema in the form that the engine judges by.
pub struct Compiled {
    validator: Validator,
    lengths: bool,
    patterns: bool,
}

impl fmt::Debug for Compiled {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Compiled")
            .field("lengths", &self.lengths)
            .field("patterns", &self.patterns)
            .finish_non_exhaustive()
    }
}

/// What the face sends: it vetted the schema, and wrote the JSON Schema from what it found.
#[derive(Deserialize)]
#[serde(tag = "lane", rename_all = "lowercase")]
enum Wire {
    JavaScript,
    Native {
        json: Value,
        /// Lengths of strings are checked.
        lengths: bool,
        /// Strings are matched against patterns.
        patterns: bool,
    },
}

impl<'de> Deserialize<'de> for Lane {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Wire::deserialize(deserializer)? {
            Wire::JavaScript => Self::JavaScript,
            Wire::Native { json, lengths, patterns } => {
                compile(&json, lengths, patterns).map_or(Self::JavaScript, Self::Native)
            }
        })
    }
}

/// Compiled schemas by their text: the rooms of one definition share one.
static CACHE: LazyLock<Mutex<HashMap<String, Weak<Compiled>>>> = LazyLock::new(Mutex::default);

/// `None`: the JSON Schema does not compile, as where a pattern uses what a linear-time engine has not.
fn compile(json: &Value, lengths: bool, patterns: bool) -> Option<Arc<Compiled>> {
    let key = format!("{lengths} {patterns} {json}");
    let known = lock(&CACHE).get(&key).and_then(Weak::upgrade);
    if known.is_some() {
        return known;
    }
    // Not the backtracking engine: a client's string must not cost more than its length.
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    let compiled = Arc::new(Compiled { validator: options.build(json).ok()?, lengths, patterns });
    let mut cache = lock(&CACHE);
    if cache.len() >= CACHE_SWEEP {
        cache.retain(|_, schema| schema.strong_count() > 0);
    }
    cache.insert(key, Arc::downgrade(&compiled));
    Some(compiled)
}

impl Lane {
    /// Whether the payload is accepted as it is, without asking the schema.
    pub fn accepts(&self, data: Option<&Payload>) -> bool {
        match (self, data) {
            (Self::Native(schema), Some(payload)) => {
                payload.attachments().is_empty() && schema.accepts(payload.text())
            }
            _ => false,
        }
    }
}

impl Compiled {
    fn accepts(&self, text: &str) -> bool {
        self.is_plain(text)
            && serde_json::from_str::<Strict>(text).is_ok_and(|Strict(value)| self.validator.is_valid(&value))
    }

    /// Whether the text means the same to every reader, and to the schema as to the engine.
    fn is_plain(&self, text: &str) -> bool {
        // As a key it would be a prototype to some, and a property to others.
        if text.contains("__proto__") {
            return false;
        }
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => match self.string_end(bytes, at + 1) {
                    Some(end) => at = end,
                    None => return false,
                },
                b'-' | b'0'..=b'9' => {
                    let length = bytes[at..].iter().take_while(|byte| !b",]} \t\r\n".contains(byte)).count();
                    if !is_plain_number(&bytes[at..at + length]) {
                        return false;
                    }
                    at += length - 1;
                }
                _ => {}
            }
            at += 1;
        }
        true
    }

    /// The end of a string that begins here, if it is plain.
    fn string_end(&self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            match *bytes.get(at)? {
                b'"' => return Some(at),
                // `\u` can spell anything: astral characters, halves of them, names of prototypes.
                b'\\' if self.patterns || bytes.get(at + 1) == Some(&b'u') => return None,
                b'\\' => at += 2,
                // One character to some, two to others.
                0xF0.. if self.lengths => return None,
                // Engines for patterns agree on printable ASCII.
                0x7F.. if self.patterns => return None,
                _ => at += 1,
            }
        }
    }
}

/// Not `-0`, which comes out as 0; no exponents; no integers that some round; nothing as long as only machines write it.
fn is_plain_number(token: &[u8]) -> bool {
    let unsigned = token.strip_prefix(b"-").unwrap_or(token);
    let is_zero = unsigned.iter().all(|byte| matches!(byte, b'0' | b'.'));
    let digits = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
    !(is_zero && token.len() > unsigned.len())
        && digits <= MAX_DIGITS
        && token.len() <= MAX_NUMBER
        && unsigned.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// A JSON value whose objects name nothing twice: readers do not agree on which one counts.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        StrictSeed.deserialize(deserializer).map(Self)
    }
}

#[derive(Clone, Copy)]
struct StrictSeed;

impl<'de> DeserializeSeed<'de> for StrictSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictSeed {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number of JSON"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.insert(key, entries.next_value_seed(self)?).is_some() {
                return Err(A::Error::custom("a key twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::payload::Attachments;

    fn lane(json: Value, lengths: bool, patterns: bool) -> Lane {
        serde_json::from_value(
            json!({ "lane": "native", "json": json, "lengths": lengths, "patterns": patterns }),
        )
        .unwrap()
    }

    fn accepts(lane: &Lane, text: &str) -> bool {
        lane.accepts(Some(&Payload::plain(text.to_owned())))
    }

    #[test]
    fn plain_and_valid_is_accepted_and_the_rest_is_for_the_schema() {
        let object = lane(
            json!({
                "type": "object", "properties": { "a": { "type": "number" } }, "required": ["a"], "additionalProperties": false
            }),
            false,
            false,
        );
        for text in [r#"{"a":1}"#, r#"{ "a" : -1.5 }"#, r#"{"a":123456789012345}"#] {
            assert!(accepts(&object, text), "{text}");
        }
        for text in [
            r#"{"a":1,"b":2}"#,
            r#"{}"#,
            r#"{"a":-0}"#,
            r#"{"a":-0.0}"#,
            r#"{"a":1e3}"#,
            r#"{"a":9007199254740993}"#,
            &format!(r#"{{"a":-0.{}1}}"#, "0".repeat(330)),
            r#"{"a":1,"a":1}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":1,"__proto__":1}"#,
            r#"{"a":"1"}"#,
            "1e999",
        ] {
            assert!(!accepts(&object, text), "{text}");
        }
        assert!(!object.accepts(None));
        assert!(!Lane::JavaScript.accepts(Some(&Payload::plain("1"))));
    }

    #[test]
    fn what_engines_count_and_match_differently_is_for_the_schema() {
        let short = lane(json!({ "type": "string", "maxLength": 2 }), true, false);
        assert!(accepts(&short, r#""é\n""#));
        assert!(!accepts(&short, "\"\u{1F600}\""));
        let letters = lane(json!({ "type": "string", "pattern": "^[a-z]+$" }), false, true);
        assert!(accepts(&letters, r#""abc""#));
        for text in [r#""ab\n""#, "\"é\"", r#""A""#] {
            assert!(!accepts(&letters, text), "{text}");
        }
    }

    #[test]
    fn attachments_and_what_does_not_compile_are_for_the_schema() {
        let any = lane(json!(true), false, false);
        assert!(accepts(&any, "[1]"));
        let mut attachments = Attachments::new([bytes::Bytes::from_static(b"x")]);
        let binary = Payload::new(r#"{"_placeholder":true,"num":0}"#.into(), &mut attachments).unwrap();
        assert!(!any.accepts(Some(&binary)));
        let lookahead = lane(json!({ "type": "string", "pattern": "^(?!a)" }), false, true);
        assert!(matches!(lookahead, Lane::JavaScript));
    }

    #[test]
    fn one_schema_is_compiled_once() {
        let schema = json!({ "type": "string", "const": "one_schema_is_compiled_once" });
        let (Lane::Native(one), Lane::Native(two)) =
            (lane(schema.clone(), false, false), lane(schema, false, false))
        else {
            panic!("both are native")
        };
        assert!(Arc::ptr_eq(&one, &two));
    }
}
