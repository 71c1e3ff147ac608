//! A request as the app is told of it: written where the request is read, since the host's one thread has other things to do.

use std::net::{Ipv4Addr, SocketAddr};

use http::{HeaderMap, Request, header};

use crate::engine::payload::to_json;

/// `"method":…,"url":…,"scheme"?:…,"headers":…,"peer":…`: JSON without its braces. `url`: absolute where it is written as those who parse URLs
/// would write it, else what the request has, and `scheme` beside it. `headers`: name, value, name, value …, a line each. `peer`: the client's address and port.
pub fn describe<B>(request: &Request<B>, peer: SocketAddr, scheme: &str) -> String {
    let mut json = String::with_capacity(512);
    json.push_str("\"method\":\"");
    // A token: nothing in it is to be escaped.
    json.push_str(request.method().as_str());
    json.push_str("\",\"url\":");
    let target = request.uri().path_and_query().map_or("/", |url| url.as_str());
    match host(request.headers()).filter(|host| is_normal_host(host) && is_normal_target(target)) {
        Some(host) => {
            json.push('"');
            for part in [scheme, "://", host, target] {
                json.push_str(part);
            }
            json.push('"');
        }
        None => {
            json.push_str(&to_json(target));
            json.push_str(",\"scheme\":\"");
            json.push_str(scheme);
            json.push('"');
        }
    }
    json.push_str(",\"headers\":\"");
    for (name, value) in request.headers() {
        json.push_str(name.as_str());
        json.push_str("\\n");
        let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        match value.to_str() {
            Ok(text) if text.as_bytes().iter().all(plain) => json.push_str(text),
            _ => {
                let quoted = to_json(&*String::from_utf8_lossy(value.as_bytes()));
                json.push_str(&quoted[1..quoted.len() - 1]);
            }
        }
        json.push_str("\\n");
    }
    json.push_str("\",\"peer\":\"");
    json.push_str(&peer.ip().to_string());
    json.push(' ');
    json.push_str(&peer.port().to_string());
    json.push('"');
    json
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// Whether a URL's parser leaves a host and port alone.
fn is_normal_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let letters = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    if name.is_empty() || !name.bytes().all(letters) {
        return false;
    }
    // What ends in a number is an address, and xn-- is decoded to be checked.
    let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let named = !last.starts_with(|first: char| first.is_ascii_digit()) && !name.contains("xn--");
    let ported = port.is_none_or(|port| {
        matches!(port.as_bytes(), [b'1'..=b'9', ..])
            && !matches!(port, "80" | "443")
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok()
    });
    (named || name.parse::<Ipv4Addr>().is_ok()) && ported
}

/// Whether a URL's parser leaves a path and query alone.
fn is_normal_target(target: &str) -> bool {
    let bytes = target.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {}
            // Perhaps a segment to be taken out.
            b'.' if at > 0 && bytes[at - 1] == b'/' => return false,
            b'.' | b'/' | b'_' | b'~' | b'!' | b'$' | b'&' | b'(' | b')' | b'*' | b'+' | b',' | b';'
            | b'=' | b':' | b'@' | b'?' | b'-' => {}
            b'%' if bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => {
                // %2e is a dot too.
                if bytes[at + 1] == b'2' && matches!(bytes[at + 2], b'e' | b'E') {
                    return false;
                }
                at += 2;
            }
            _ => return false,
        }
        at += 1;
    }
    bytes.first() == Some(&b'/') && !target.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(target: &str, headers: &[(&str, &[u8])]) -> serde_json::Value {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let json = describe(&request.body(()).unwrap(), SocketAddr::from(([10, 0, 0, 1], 77)), "http");
        serde_json::from_str(&format!("{{{json}}}")).unwrap()
    }

    #[test]
    fn headers_are_lines_whatever_is_in_them() {
        let request = described(
            "/a?b=%20",
            &[("host", b"h"), ("x-a", b"q\"\\\t\xc3\xa4"), ("x-a", b"2"), ("x-b", b"\xff")],
        );
        assert_eq!(request["headers"], "host\nh\nx-a\nq\"\\\tä\nx-a\n2\nx-b\n\u{fffd}\n");
        assert_eq!(request["url"], "http://h/a?b=%20");
        assert_eq!(request["peer"], "10.0.0.1 77");
        assert_eq!(request["method"], "GET");
    }

    #[test]
    fn a_url_is_absolute_where_parsing_changes_nothing() {
        for host in ["localhost", "127.0.0.1:3000", "a-b.example:8080", "a.1b.example"] {
            assert_eq!(described("/x", &[("host", host.as_bytes())])["url"], format!("http://{host}/x"));
        }
        for host in [
            "A.example",
            "a:80",
            "a:443",
            "a:0",
            "a:01",
            "a:70000",
            "127.1",
            "1",
            "0x7f.1",
            "[::1]",
            "",
            "a b",
            "a@b",
            "xn--a",
            "a:",
        ] {
            assert_eq!(described("/x", &[("host", host.as_bytes())])["url"], "/x", "{host}");
        }
        for target in ["/", "/a/b.c?d=e&f", "/%C3%BC", "/a..b"] {
            assert_eq!(described(target, &[("host", b"h")])["url"], format!("http://h{target}"));
        }
        for target in ["/a/../b", "/./", "/.a", "/%2e%2e/", "/a\"b", "/a'b", "/%zz", "//b", "/a|b", "/{}"] {
            let Ok(uri) = target.parse::<http::Uri>() else { continue };
            let written = uri.path_and_query().unwrap().as_str().to_owned();
            assert_eq!(described(target, &[("host", b"h")])["url"], written, "{target}");
        }
        assert_eq!(described("/x", &[])["url"], "/x");
    }
}
