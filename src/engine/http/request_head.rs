//! A request as the app is told of it: written where the request is read, since the host's one thread has other things to do.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{HeaderValue, Method, Request, Version, header};

use crate::engine::{header_text, payload::to_json};

/// Stands before a URL that is still to be parsed, which no URL begins with.
const UNPARSED: char = '?';

/// `"method":…,"url":…,"headers":…,"peer":…`: JSON without its braces. `url`: absolute; after a question mark where those who parse URLs might
/// write it differently. `headers`: name, value, name, value …, a line each; of a value, a character for each byte. `peer`: the client's
/// address and port.
pub fn describe<B>(request: &Request<B>, peer: SocketAddr, scheme: &str) -> String {
    let mut json = String::with_capacity(512);
    json.push_str("\"method\":\"");
    // A token: nothing in it is to be escaped.
    json.push_str(request.method().as_str());
    json.push_str("\",\"url\":");
    let target = request.uri().path_and_query().map_or("/", |url| url.as_str());
    let host = host(request);
    if is_normal_host(host) && is_normal_target(target) {
        json.push('"');
        for part in [scheme, "://", host, target] {
            json.push_str(part);
        }
        json.push('"');
    } else {
        let host = if host.is_empty() { "localhost" } else { host };
        // Of the server as a whole: `OPTIONS *`.
        let slash = if target == "*" { "/" } else { "" };
        json.push_str(&to_json(&format!("{UNPARSED}{scheme}://{host}{slash}{target}")));
    }
    json.push_str(",\"headers\":\"");
    for (name, value) in request.headers() {
        json.push_str(name.as_str());
        json.push_str("\\n");
        header_text::push_json(&mut json, value);
        json.push_str("\\n");
    }
    json.push_str("\",\"peer\":\"");
    json.push_str(&peer.ip().to_string());
    json.push(' ');
    json.push_str(&peer.port().to_string());
    json.push('"');
    json
}

/// Whom a request is for. The absolute form of a target says it itself, whatever `Host` says.
fn host<B>(request: &Request<B>) -> &str {
    match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default(),
    }
}

/// Whether a request says whom it is for and what it wants so that a URL says the same: one `Host`, which HTTP/1.1 demands, that is a host and
/// perhaps a port. With a `/`, `?`, `#`, `@` or `\` in it, or such a slash in the path, whoever parses the URL reads another path than whoever
/// looked at the request before.
pub fn is_sound<B>(request: &Request<B>) -> bool {
    let uri = request.uri();
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host_is_sound = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.is_empty() || is_host(host),
        (None, _) => request.version() != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    let target_is_sound = match (uri.scheme_str(), uri.authority()) {
        (Some("http" | "https"), Some(authority)) => is_host_and_port(authority.as_str()),
        // The form of CONNECT, which no app answers.
        (None, Some(_)) => request.method() == Method::CONNECT,
        (scheme, _) => scheme.is_none(),
    };
    // hyper takes the last one for the body's, and a proxy in front perhaps another.
    let one_coding = request.headers().get_all(header::TRANSFER_ENCODING).iter().nth(1).is_none();
    host_is_sound && target_is_sound && one_coding && !uri.path().contains('\\')
}

fn is_host(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(is_host_and_port)
}

/// Whether a text is a host, and perhaps a port, as RFC 3986 has them: a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host_and_port(text: &str) -> bool {
    let (is_name, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => (address.parse::<Ipv6Addr>().is_ok(), ""),
            Some((address, port)) if port.starts_with(':') => {
                (address.parse::<Ipv6Addr>().is_ok(), &port[1..])
            }
            _ => return false,
        },
        None => {
            let (name, port) = text.split_once(':').unwrap_or((text, ""));
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte);
            (!name.is_empty() && name.bytes().all(is_letter), port)
        }
    };
    is_name
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && (port.is_empty() || port.parse::<u16>().is_ok())
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
        let json = describe(&asked(target, headers), SocketAddr::from(([10, 0, 0, 1], 77)), "http");
        serde_json::from_str(&format!("{{{json}}}")).unwrap()
    }

    fn asked(target: &str, headers: &[(&str, &[u8])]) -> Request<()> {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn headers_are_lines_with_a_character_for_each_byte() {
        let request = described(
            "/a?b=%20",
            &[("host", b"h"), ("x-a", b"q\"\\\t\xc3\xa4"), ("x-a", b"2"), ("x-b", b"\xff")],
        );
        assert_eq!(request["headers"], "host\nh\nx-a\nq\"\\\t\u{c3}\u{a4}\nx-a\n2\nx-b\n\u{ff}\n");
        assert_eq!(request["url"], "http://h/a?b=%20");
        assert_eq!(request["peer"], "10.0.0.1 77");
        assert_eq!(request["method"], "GET");
    }

    #[test]
    fn a_url_is_marked_where_parsing_might_change_something() {
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
            "a b",
            "a@b",
            "xn--a",
            "a:",
        ] {
            assert_eq!(
                described("/x", &[("host", host.as_bytes())])["url"],
                format!("?http://{host}/x"),
                "{host}"
            );
        }
        for target in ["/", "/a/b.c?d=e&f", "/%C3%BC", "/a..b"] {
            assert_eq!(described(target, &[("host", b"h")])["url"], format!("http://h{target}"));
        }
        for target in ["/a/../b", "/./", "/.a", "/%2e%2e/", "/a\"b", "/a'b", "/%zz", "//b", "/a|b", "/{}"] {
            let Ok(uri) = target.parse::<http::Uri>() else { continue };
            let written = uri.path_and_query().unwrap().as_str().to_owned();
            assert_eq!(
                described(target, &[("host", b"h")])["url"],
                format!("?http://h{written}"),
                "{target}"
            );
        }
        assert_eq!(described("/x", &[])["url"], "?http://localhost/x");
        assert_eq!(described("*", &[("host", b"h")])["url"], "?http://h/*");
    }

    #[test]
    fn the_absolute_forms_own_host_counts() {
        assert_eq!(described("http://a.example:81/x?y", &[("host", b"b")])["url"], "http://a.example:81/x?y");
        assert_eq!(described("http://A.example", &[("host", b"b")])["url"], "?http://A.example/");
    }

    #[test]
    fn a_host_is_a_host_and_perhaps_a_port() {
        let sound = |host: &[u8]| is_sound(&asked("/", &[("host", host)]));
        for host in [
            "localhost",
            "my_service:3000",
            "EXAMPLE.com",
            "xn--mnchen-3ya.example",
            "1.2.3.4",
            "[::1]",
            "[::1]:80",
            "h:",
            "",
            "a%41",
        ] {
            assert!(sound(host.as_bytes()), "{host}");
        }
        for host in [
            "h/admin?",
            "localhost/?key=value",
            "a b",
            "user@h",
            "h:99999",
            "[::1",
            "::1",
            "[::1]x",
            "[v1.x]",
            "h#x",
            "h\\x",
            ":80",
            "h:8a",
            "h:-1",
            "m\u{fc}nchen",
            "h:80:80",
            "a,b:1/",
        ] {
            assert!(!sound(host.as_bytes()), "{host}");
        }
        assert!(!is_sound(&asked("/", &[])), "HTTP/1.1 demands one");
        assert!(!is_sound(&asked("/", &[("host", b"a"), ("host", b"a")])), "which of them?");
        let coding = ("transfer-encoding", b"chunked".as_slice());
        assert!(is_sound(&asked("/", &[("host", b"a"), coding])));
        assert!(!is_sound(&asked("/", &[("host", b"a"), coding, coding])), "which of them?");
        let mut old = asked("/", &[]);
        *old.version_mut() = Version::HTTP_10;
        assert!(is_sound(&old));
    }

    #[test]
    fn a_target_is_a_path_or_absolute_and_its_slashes_are_slashes() {
        for target in ["/a?b=\\", "*", "http://a.example:81/x", "https://a/"] {
            assert!(is_sound(&asked(target, &[("host", b"h")])), "{target}");
        }
        for target in ["/a\\..\\b", "http://u@a/", "http://a:99999/", "ftp://a/", "a.example:80"] {
            assert!(!is_sound(&asked(target, &[("host", b"h")])), "{target}");
        }
    }
}
