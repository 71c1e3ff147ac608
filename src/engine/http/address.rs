//! Where a client is that may stand behind proxies: its address, and whether it came through TLS.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::engine::{config::TrustProxy, core::Core};

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// A client as its request and the proxies that are trusted say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its address; port 0 where a proxy does not say it.
    pub address: SocketAddr,
    /// Whether it came through TLS, to this server or to a proxy.
    pub secure: bool,
}

impl Remote {
    /// Where a request comes from. `peer`: the other end of its connection; `secure`: whether that is TLS.
    ///
    /// Walks from the peer outwards, from the last entry of `X-Forwarded-For` to its first, for as long as what it stands on is a proxy
    /// that is trusted. An entry that is no address ends the walk: what is left of it is hearsay.
    pub fn of(peer: SocketAddr, secure: bool, headers: &HeaderMap, trust: &TrustProxy) -> Self {
        let mut address = peer;
        let mut hops = 0;
        if trust.is_off() || !trust.trusts(peer.ip(), 0) {
            return Self { address, secure };
        }
        for entry in entries(headers, FORWARDED_FOR) {
            if !trust.trusts(address.ip(), hops) {
                break;
            }
            let Some(next) = read_entry(entry) else { break };
            address = next;
            hops += 1;
        }
        Self { address, secure: forwarded_scheme(headers, hops).unwrap_or(secure) }
    }
}

impl Core {
    /// Where a request comes from that came from `peer`.
    pub(super) fn remote(&self, peer: SocketAddr, headers: &HeaderMap) -> Remote {
        Remote::of(peer, self.config.tls.is_some(), headers, &self.limits().trust_proxy)
    }
}

/// The entries of a header that is a list, the last one first.
fn entries<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).iter().rev().flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','))
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn read_entry(entry: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let address = match text.parse::<IpAddr>().ok().or_else(bracketed) {
        Some(address) => SocketAddr::new(address, 0),
        None => text.parse::<SocketAddr>().ok()?,
    };
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

/// Whether proxies say that the client came through TLS. Where they append, the word of the one that the client reached is as far from
/// the end as the client's address is.
fn forwarded_scheme(headers: &HeaderMap, hops: usize) -> Option<bool> {
    let mut said = None;
    for entry in entries(headers, FORWARDED_PROTO).take(hops.max(1)) {
        said = Some(entry);
    }
    let scheme = said?.trim_ascii();
    let is = |name: &str| scheme.eq_ignore_ascii_case(name.as_bytes());
    // Some proxies say which protocol is spoken inside.
    match (is("https") || is("wss"), is("http") || is("ws")) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(json: &str) -> TrustProxy {
        serde_json::from_str(json).unwrap()
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn address(peer: &str, forwarded: &[&str], trust: &TrustProxy) -> String {
        let lines: Vec<_> = forwarded.iter().map(|value| (FORWARDED_FOR, *value)).collect();
        let peer = SocketAddr::new(peer.parse().unwrap(), 80);
        Remote::of(peer, false, &headers(&lines), trust).address.ip().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let forwarded = ["9.9.9.9, 1.2.3.4", "10.0.0.3, 10.0.0.2"];
        let listed = trust(r#"["10.0.0.1", "10.0.0.2", "10.0.0.3"]"#);
        assert_eq!(address("10.0.0.1", &forwarded, &TrustProxy::default()), "10.0.0.1");
        assert_eq!(address("8.8.8.8", &forwarded, &trust("true")), "9.9.9.9");
        assert_eq!(address("10.0.0.1", &forwarded, &listed), "1.2.3.4", "the first one is made up");
        assert_eq!(address("8.8.8.8", &forwarded, &listed), "8.8.8.8", "no proxy of ours");
    }

    #[test]
    fn an_entry_has_a_port_or_brackets_and_what_is_no_address_ends_the_walk() {
        let listed = trust(r#"["10.0.0.1", "10.0.0.2"]"#);
        for (entries, of_listed, of_all) in [
            ("203.0.113.7:51008", "203.0.113.7", "203.0.113.7"),
            ("9.9.9.9, 203.0.113.7:51008", "203.0.113.7", "9.9.9.9"),
            ("9.9.9.9, [2001:db8::1]:4711", "2001:db8::1", "9.9.9.9"),
            ("9.9.9.9, [2001:db8::1]", "2001:db8::1", "9.9.9.9"),
            ("9.9.9.9,::ffff:203.0.113.7", "203.0.113.7", "9.9.9.9"),
            ("9.9.9.9, 203.0.113.7, 10.0.0.2:80", "203.0.113.7", "9.9.9.9"),
            ("9.9.9.9, unknown", "10.0.0.1", "10.0.0.1"),
            ("9.9.9.9, ", "10.0.0.1", "10.0.0.1"),
            ("9.9.9.9, _hidden, 10.0.0.2", "10.0.0.2", "10.0.0.2"),
            ("9.9.9.9, 203.0.113.7:port", "10.0.0.1", "10.0.0.1"),
            ("9.9.9.9, 203.0.113.7:99999", "10.0.0.1", "10.0.0.1"),
            ("9.9.9.9, 010.0.0.9", "10.0.0.1", "10.0.0.1"),
            ("", "10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(address("10.0.0.1", &[entries], &listed), of_listed, "listed: {entries}");
            assert_eq!(address("10.0.0.1", &[entries], &trust("true")), of_all, "all: {entries}");
        }
        assert_eq!(address("10.0.0.1", &[], &listed), "10.0.0.1");
        let peer = SocketAddr::from(([10, 0, 0, 1], 80));
        let forwarded = headers(&[(FORWARDED_FOR, "1.2.3.4:51008")]);
        assert_eq!(Remote::of(peer, false, &forwarded, &listed).address.to_string(), "1.2.3.4:51008");
    }

    #[test]
    fn ranges_and_addresses_in_other_clothes_match() {
        let ranges = trust(r#"["10.1.0.0/16", "2001:db8::/32", "::ffff:192.168.0.0/120", "172.16.3.4/12"]"#);
        for peer in ["10.1.255.1", "2001:db8:1::1", "192.168.0.9", "172.31.0.1"] {
            assert_eq!(address(peer, &["1.2.3.4"], &ranges), "1.2.3.4", "{peer}");
        }
        for peer in ["10.2.0.1", "2001:db9::1", "192.168.1.9", "172.32.0.1"] {
            assert_eq!(address(peer, &["1.2.3.4"], &ranges), peer, "{peer}");
        }
        assert_eq!(address("192.168.0.9", &["1.2.3.4"], &trust(r#"["::ffff:192.168.0.9"]"#)), "1.2.3.4");
        // Where all are proxies, the outermost is the client.
        assert_eq!(address("10.1.0.1", &["10.1.0.9, 10.1.0.2"], &ranges), "10.1.0.9");
        let everybody = trust(r#"["0.0.0.0/0", "::/0"]"#);
        assert_eq!(address("8.8.8.8", &["9.9.9.9, 2001:db8::1"], &everybody), "9.9.9.9");
        for wrong in ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "10.0.0.0/255.0.0.0", "proxy", ""]
        {
            assert!(serde_json::from_str::<TrustProxy>(&format!(r#"["{wrong}"]"#)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_of_proxies_takes_the_entry_that_the_outermost_wrote() {
        let forwarded = ["9.9.9.9, 1.2.3.4, 10.0.0.2"];
        for (hops, expected) in
            [("0", "10.0.0.1"), ("1", "10.0.0.2"), ("2", "1.2.3.4"), ("3", "9.9.9.9"), ("9", "9.9.9.9")]
        {
            assert_eq!(address("10.0.0.1", &forwarded, &trust(hops)), expected, "{hops}");
        }
        assert_eq!(address("10.0.0.1", &["9.9.9.9, unknown, 10.0.0.2"], &trust("3")), "10.0.0.2");
    }

    #[test]
    fn tls_at_a_trusted_proxy_is_tls() {
        let listed = trust(r#"["10.0.0.0/8"]"#);
        let secure = |peer: &str, client: &str, proto: &str| {
            let lines = [(FORWARDED_FOR, client), (FORWARDED_PROTO, proto)];
            let peer = SocketAddr::new(peer.parse().unwrap(), 80);
            [false, true].map(|secure| Remote::of(peer, secure, &headers(&lines), &listed).secure)
        };
        for (proto, expected) in [
            ("https", [true, true]),
            ("HTTPS", [true, true]),
            ("wss", [true, true]),
            ("http", [false, false]),
            ("ws", [false, false]),
            ("gopher", [false, true]),
            ("", [false, true]),
            // Appended: the first is the client's own word.
            ("https, http", [false, false]),
            ("http, https", [true, true]),
        ] {
            assert_eq!(secure("10.0.0.1", "1.2.3.4", proto), expected, "{proto}");
        }
        assert_eq!(secure("10.0.0.1", "1.2.3.4, 10.0.0.2", "https, http"), [true, true]);
        assert_eq!(secure("8.8.8.8", "1.2.3.4", "https"), [false, true], "no proxy of ours");
        let peer = SocketAddr::from(([10, 0, 0, 1], 80));
        let alone = headers(&[(FORWARDED_PROTO, "https")]);
        assert!(Remote::of(peer, false, &alone, &listed).secure, "without an address too");
        assert!(!Remote::of(peer, false, &alone, &TrustProxy::default()).secure);
    }
}
