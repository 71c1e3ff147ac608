//! Socket.IO 2: what its clients are told and read otherwise.
//!
//! The server lets them into `/` without being asked. Their ids are made of the session's, on both sides, so nothing tells them one. What
//! they bring for another namespace is a query behind its name. A refusal is text, or whatever the program gave as `data`.

use serde_json::{Map, Value};
use socketioxide_core::Str;

use super::packet;
use crate::engine::{ids::Id, payload::to_json, query, transport::Frames};

/// A namespace and the query behind it.
pub fn split(nsp: &Str) -> (Str, Option<&str>) {
    match nsp.split_once('?') {
        Some((name, query)) => (nsp.slice(..name.len()), Some(query)),
        None => (nsp.clone(), None),
    }
}

/// What a client brought, as the JSON object that others send. Of a name that is there twice, the last counts.
pub fn auth(query: &str) -> Str {
    let object: Map<String, Value> =
        query::pairs(query).map(|(name, value)| (name, Value::from(value))).collect();
    to_json(&object).into()
}

/// The id of a session's socket in a namespace.
pub fn socket_id(nsp: &str, session: Id) -> String {
    if nsp == "/" { session.to_string() } else { format!("{nsp}#{session}") }
}

/// Reads the id of a socket: its namespace, if it is not `/`, and the session.
pub fn read_socket_id(text: &str) -> Option<(&str, Id)> {
    let (nsp, session) = text.rsplit_once('#').unwrap_or(("/", text));
    Some((nsp, Id::parse(session)?))
}

/// The socket of a namespace is open.
pub fn connect(nsp: &Str) -> Frames {
    packet::connect_with(nsp, None)
}

/// A namespace is refused: JSON texts, of which `data` takes the place of the message unless it says nothing.
pub fn refusal(nsp: &Str, message: Option<&str>, data: Option<&str>) -> Frames {
    packet::refusal(nsp, said(message, data))
}

fn said<'a>(message: Option<&'a str>, data: Option<&'a str>) -> Option<&'a str> {
    match data {
        None | Some("null" | "false" | "0" | r#""""#) => message,
        Some(_) => data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_may_have_a_query_behind_it() {
        let nsp = Str::from("/the-namespace?a=1&b=x%20y&a=2&__proto__=p&c");
        let (name, query) = split(&nsp);
        assert_eq!(name.as_str(), "/the-namespace");
        assert_eq!(auth(query.unwrap()).as_str(), r#"{"__proto__":"p","a":"2","b":"x y","c":""}"#);
        assert_eq!(split(&"/a".into()), ("/a".into(), None));
        assert_eq!(auth("").as_str(), "{}");
    }

    #[test]
    fn ids_are_made_of_the_sessions() {
        let session = Id::random();
        for nsp in ["/", "/a", "/a#b"] {
            assert_eq!(read_socket_id(&socket_id(nsp, session)), Some((nsp, session)));
        }
        assert_eq!(read_socket_id("/a#b"), None);
    }

    #[test]
    fn a_refusal_is_text_or_the_programs_data() {
        for nothing in [None, Some("null"), Some("0"), Some(r#""""#)] {
            assert_eq!(said(Some(r#""no""#), nothing), Some(r#""no""#));
            assert_eq!(said(None, nothing), None);
        }
        assert_eq!(said(Some(r#""no""#), Some(r#"{"code":7}"#)), Some(r#"{"code":7}"#));
    }
}
