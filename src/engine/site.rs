//! Where addresses are counted, it is by site: what one subscriber of a provider is given.

use std::net::{IpAddr, Ipv6Addr};

/// Bits of an IPv6 address that name a network. Whoever has one address of it has all the others too.
const NETWORK: u128 = u128::MAX << 64;

/// An IPv4 address, or the /64 of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site(IpAddr);

impl Site {
    /// The site of an address.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
            address => address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_its_network_and_an_ipv4_address_itself() {
        let site = |address: &str| Site::of(address.parse().unwrap());
        assert_eq!(site("2001:db8:0:1::1"), site("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(site("2001:db8:0:1::1"), site("2001:db8:0:2::1"));
        assert_ne!(site("192.0.2.1"), site("192.0.2.2"));
        assert_eq!(site("::ffff:192.0.2.1"), site("192.0.2.1"));
        assert_ne!(site("::ffff:192.0.2.1"), site("::ffff:192.0.2.2"));
    }
}
