//! Why a request is refused, in Engine.IO's own codes and words.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::engine::payload::to_json;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It names no transport that is offered.
    UnknownTransport(Option<Box<str>>),
    /// It names no session that there is.
    UnknownSession(Box<str>),
    /// Only a GET opens a session.
    BadMethod(Box<str>),
    /// It is no request of this protocol.
    BadRequest,
    /// It names another transport than the session has.
    TransportMismatch {
        /// The one it names.
        transport: &'static str,
        /// The one the session has.
        previous: &'static str,
    },
    /// It asks for a WebSocket and is no handshake of one.
    NoWebSocketHandshake,
    /// A middleware failed, or gave an error to `next`.
    Middleware,
    /// `allowRequest` said no, perhaps in its own words.
    Forbidden(Option<Box<str>>),
    /// Another version of the protocol.
    UnsupportedVersion(Option<Box<str>>),
    /// Polling by scripts instead of requests.
    Jsonp,
    /// A body over the cap.
    TooLarge,
    /// As many sessions from its address as there may be.
    Crowded,
    /// As many handshakes from its address as there may be for now.
    Hurried,
    /// As many sessions as there may be.
    Full,
    /// The host did not decide in time, or could not be asked.
    Undecided,
}

impl Refused {
    /// Its place among the reasons that are counted.
    pub fn part(&self) -> usize {
        match self {
            Self::UnknownTransport(_) => 0,
            Self::UnknownSession(_) => 1,
            Self::BadMethod(_) => 2,
            Self::BadRequest => 3,
            Self::TransportMismatch { .. } => 4,
            Self::NoWebSocketHandshake => 5,
            Self::Middleware => 6,
            Self::Forbidden(_) => 7,
            Self::UnsupportedVersion(_) => 8,
            Self::Jsonp => 9,
            Self::TooLarge => 10,
            Self::Crowded => 11,
            Self::Hurried => 12,
            Self::Full => 13,
            Self::Undecided => 14,
        }
    }

    /// Engine.IO's number for it.
    pub fn code(&self) -> u8 {
        match self {
            Self::UnknownTransport(_) => 0,
            Self::UnknownSession(_) => 1,
            Self::BadMethod(_) => 2,
            Self::Forbidden(_) => 4,
            Self::UnsupportedVersion(_) => 5,
            _ => 3,
        }
    }

    /// Engine.IO's words for its number, or ours where it has none.
    pub fn message(&self) -> &'static str {
        match self {
            Self::UnknownTransport(_) => "Transport unknown",
            Self::UnknownSession(_) => "Session ID unknown",
            Self::BadMethod(_) => "Bad handshake method",
            Self::Forbidden(_) => "Forbidden",
            Self::UnsupportedVersion(_) => "Unsupported protocol version",
            Self::Jsonp => "Polling by JSONP is not supported",
            Self::TooLarge => "Payload too large",
            Self::Crowded => "Too many connections from this address",
            Self::Hurried => "Too many connections from this address for now",
            Self::Full => "Too many connections",
            Self::Undecided => "The server is overloaded",
            _ => "Bad request",
        }
    }

    /// What `connection_error` tells beside: a JSON object.
    pub fn context(&self) -> String {
        let named = |name: &str| format!(r#"{{"name":"{name}"}}"#);
        let one = |name: &str, value: &str| format!(r#"{{"{name}":{}}}"#, to_json(value));
        match self {
            Self::UnknownTransport(Some(transport)) => one("transport", transport),
            Self::UnknownSession(sid) => one("sid", sid),
            Self::BadMethod(method) => one("method", method),
            Self::TransportMismatch { transport, previous } => format!(
                r#"{{"name":"TRANSPORT_MISMATCH","transport":"{transport}","previousTransport":"{previous}"}}"#
            ),
            Self::Jsonp => named("JSONP_NOT_SUPPORTED"),
            Self::NoWebSocketHandshake => named("TRANSPORT_HANDSHAKE_ERROR"),
            Self::Middleware | Self::Undecided => named("MIDDLEWARE_FAILURE"),
            Self::Forbidden(Some(message)) => one("message", message),
            // Socket.IO counts everything that is not its own version as 3.
            Self::UnsupportedVersion(_) => r#"{"protocol":3}"#.to_owned(),
            Self::Crowded | Self::Hurried | Self::Full => named("TOO_MANY_CONNECTIONS"),
            _ => "{}".to_owned(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Crowded | Self::Hurried => StatusCode::TOO_MANY_REQUESTS,
            Self::Full | Self::Undecided => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// What the client is told.
    fn said(&self) -> &str {
        match self {
            Self::Forbidden(Some(message)) => message,
            _ => self.message(),
        }
    }

    /// The answer to a request over HTTP: a status, and `{ code, message }`.
    pub fn response(&self) -> Response<Bytes> {
        let body = format!(r#"{{"code":{},"message":{}}}"#, self.code(), to_json(self.said()));
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    /// The answer to the handshake of a WebSocket, as Engine.IO has it: the message alone, and 400 for whatever has a code of its own.
    pub fn websocket_response(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.said().to_owned()));
        *response.status_mut() = match self {
            Self::Forbidden(_) => StatusCode::BAD_REQUEST,
            _ => self.status(),
        };
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_program_are_said_and_are_no_json_of_ours() {
        let refused = Refused::Forbidden(Some(r#"no "guests""#.into()));
        assert_eq!(&refused.response().body()[..], br#"{"code":4,"message":"no \"guests\""}"#);
        assert_eq!(refused.context(), r#"{"message":"no \"guests\""}"#);
        let websocket = refused.websocket_response();
        assert_eq!(
            (websocket.status(), &websocket.body()[..]),
            (StatusCode::BAD_REQUEST, &b"no \"guests\""[..])
        );
    }

    #[test]
    fn a_missing_transport_has_no_name() {
        assert_eq!(Refused::UnknownTransport(None).context(), "{}");
        assert_eq!(
            Refused::UnknownTransport(Some("__proto__".into())).context(),
            r#"{"transport":"__proto__"}"#
        );
    }
}
