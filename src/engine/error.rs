//! Errors that clients and hosts see: one table, equal to the one in TypeScript (a test compares them).

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;
use serde_json::value::RawValue;

macro_rules! codes {
    ($($name:ident $text:literal $retry:literal $status:literal $doc:literal;)*) => {
        /// What went wrong, as it travels on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $(#[doc = $doc] $name,)* }

        impl Code {
            /// The code of this name.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        /// All rows, in the order of [`Code`].
        pub const TABLE: &[Row] = &[$(Row { code: $text, retry: $retry, status: $status },)*];
    };
}

/// What is known of a code beside its name.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Row {
    /// The code as text.
    pub code: &'static str,
    /// Whether the same request may succeed later.
    pub retry: bool,
    /// The HTTP status that says the same.
    pub status: u16,
}

codes! {
    InvalidConfig "INVALID_CONFIG" false 500 "A field of the configuration is not acceptable.";
    PortInUse "PORT_IN_USE" true 500 "The port is taken.";
    InvalidRequest "INVALID_REQUEST" false 400 "A malformed payload; the message names the field.";
    RoomNotFound "ROOM_NOT_FOUND" false 404 "No such room.";
    RoomExists "ROOM_EXISTS" false 409 "The id is taken.";
    RoomFull "ROOM_FULL" true 409 "The room is at capacity.";
    JoinDenied "JOIN_DENIED" false 403 "`beforeJoin` refused.";
    NotInRoom "NOT_IN_ROOM" false 403 "A member's verb by one who is none.";
    EventNotAllowed "EVENT_NOT_ALLOWED" false 403 "The room does not take this event.";
    ValidationFailed "VALIDATION_FAILED" false 422 "The schema refused the payload.";
    EventBlocked "EVENT_BLOCKED" false 403 "`beforeEach` refused.";
    PermissionDenied "PERMISSION_DENIED" false 403 "Not the client's to do.";
    RateLimited "RATE_LIMITED" true 429 "Too many requests.";
    Overloaded "OVERLOADED" true 503 "The queue into JavaScript is full, or a hook did not decide in time.";
    Unauthorized "UNAUTHORIZED" false 401 "No identity, or a bad one.";
    TokenExpired "TOKEN_EXPIRED" false 401 "A token past its time.";
    Timeout "TIMEOUT" true 504 "No answer in time (raised by the client SDK).";
    Disconnected "DISCONNECTED" true 503 "The connection is gone (raised by the client SDK).";
    Unavailable "UNAVAILABLE" true 503 "Reserved: a store or another node cannot be reached.";
    Internal "INTERNAL" false 500 "A hook failed.";
}

impl Code {
    /// The code's row of [`TABLE`].
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The code as text.
    pub fn as_str(self) -> &'static str {
        self.row().code
    }
}

/// How often each code was raised since the engine was made.
#[derive(Debug)]
pub struct Counters([AtomicU64; TABLE.len()]);

impl Default for Counters {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Counters {
    /// Counts one.
    pub fn raise(&self, code: Code) {
        self.0[code as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often `code` was raised.
    pub fn get(&self, code: Code) -> u64 {
        self.0[code as usize].load(Ordering::Relaxed)
    }
}

/// A refused request, as a client sees it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// For a person; names the field, the room or the option.
    pub message: Cow<'static, str>,
    /// The room concerned, when there is one.
    pub room: Option<Arc<str>>,
    /// The event concerned, when there is one.
    pub event: Option<Arc<str>>,
    /// What a schema found: `[{ path, message }, …]`, when one refused.
    pub issues: Option<Box<RawValue>>,
}

impl Refusal {
    /// A refusal that concerns no room.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), room: None, event: None, issues: None }
    }

    /// `INVALID_REQUEST` for a field.
    pub fn invalid(field: &str, expected: &str) -> Self {
        Self::new(Code::InvalidRequest, format!("{field}: {expected}"))
    }

    /// `ROOM_NOT_FOUND`.
    pub fn room_not_found(id: &str) -> Self {
        Self::new(Code::RoomNotFound, format!("Room '{id}' does not exist")).in_room(id)
    }

    /// `ROOM_EXISTS`.
    pub fn room_exists(id: &str) -> Self {
        Self::new(Code::RoomExists, format!("Room '{id}' already exists")).in_room(id)
    }

    /// `ROOM_FULL`.
    pub fn room_full(id: &str) -> Self {
        Self::new(Code::RoomFull, format!("Room '{id}' is at capacity")).in_room(id)
    }

    /// `NOT_IN_ROOM`.
    pub fn not_in_room(id: &str) -> Self {
        Self::new(Code::NotInRoom, format!("Not in room '{id}'")).in_room(id)
    }

    /// `EVENT_NOT_ALLOWED`.
    pub fn event_not_allowed(event: &str, id: &str) -> Self {
        Self::new(Code::EventNotAllowed, format!("Event '{event}' is not allowed in room '{id}'"))
            .in_room(id)
            .of_event(event)
    }

    /// `OVERLOADED`.
    pub fn overloaded() -> Self {
        Self::new(Code::Overloaded, "The server is overloaded")
    }

    /// `INTERNAL`: shows nothing of what failed.
    pub fn internal() -> Self {
        Self::new(Code::Internal, "Internal error")
    }

    /// The same, concerning a room.
    pub fn in_room(mut self, id: &str) -> Self {
        self.room = Some(id.into());
        self
    }

    /// The same, concerning an event.
    pub fn of_event(mut self, event: &str) -> Self {
        self.event = Some(event.into());
        self
    }

    /// `{ code, message, roomId?, event?, issues? }`, the payload of `dialogue:error`.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            code: &'static str,
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            room_id: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            event: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            issues: Option<&'a RawValue>,
        }
        super::payload::to_json(&Wire {
            code: self.code.as_str(),
            message: &self.message,
            room_id: self.room.as_deref(),
            event: self.event.as_deref(),
            issues: self.issues.as_deref(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_finds_its_row() {
        assert_eq!(Code::InvalidConfig.as_str(), "INVALID_CONFIG");
        assert_eq!(Code::Internal.as_str(), "INTERNAL");
        assert_eq!(TABLE.len(), Code::Internal as usize + 1);
        assert!(Code::RoomFull.row().retry);
    }

    #[test]
    fn a_refusal_tells_its_room() {
        assert_eq!(
            Refusal::room_full("chat").to_json(),
            r#"{"code":"ROOM_FULL","message":"Room 'chat' is at capacity","roomId":"chat"}"#
        );
        let found = r#"[{"path":["text"],"message":"too short"}]"#;
        let issues = Some(serde_json::value::RawValue::from_string(found.to_owned()).expect("JSON"));
        let refusal = Refusal { issues, ..Refusal::new(Code::ValidationFailed, "no") };
        assert_eq!(
            refusal.to_json(),
            format!(r#"{{"code":"VALIDATION_FAILED","message":"no","issues":{found}}}"#)
        );
    }
}
