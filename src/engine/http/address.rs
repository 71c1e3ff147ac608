//! The address of a client that may stand behind proxies.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::engine::config::TrustProxy;

/// The client's address: the peer's own, or where the peer is a trusted proxy, what that says of the client.
///
/// Trusting anybody takes the first address, which the client can make up. Trusting a list takes the last one that is no
/// listed proxy: everything left of it is hearsay.
pub fn client_address(peer: SocketAddr, headers: &HeaderMap, trust: &TrustProxy) -> SocketAddr {
    let forwarded = || {
        let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).filter_map(|address| address.trim().parse::<IpAddr>().ok())
    };
    let address = match trust {
        TrustProxy::Switch(false) => None,
        TrustProxy::Switch(true) => forwarded().next(),
        TrustProxy::Listed(proxies) if proxies.contains(&peer.ip()) => {
            forwarded().collect::<Vec<_>>().into_iter().rev().find(|address| !proxies.contains(address))
        }
        TrustProxy::Listed(_) => None,
    };
    address.map_or(peer, |address| SocketAddr::new(address.to_canonical(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "9.9.9.9, 1.2.3.4".parse().unwrap());
        headers.append("x-forwarded-for", "junk, 10.0.0.2".parse().unwrap());
        let address = |peer: &str, trust: &TrustProxy| {
            client_address(SocketAddr::new(peer.parse().unwrap(), 80), &headers, trust).ip().to_string()
        };
        let listed = TrustProxy::Listed(vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()]);
        assert_eq!(address("10.0.0.1", &TrustProxy::default()), "10.0.0.1");
        assert_eq!(address("8.8.8.8", &TrustProxy::Switch(true)), "9.9.9.9");
        assert_eq!(address("10.0.0.1", &listed), "1.2.3.4", "the first one is made up");
        assert_eq!(address("8.8.8.8", &listed), "8.8.8.8", "no proxy of ours");
    }
}
