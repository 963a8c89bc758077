//! Where a request comes from, when proxies stand in between: one canonical address for limits, audit log and
//! session list.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest chain of proxies that is followed; a longer list counts as unreadable.
const HOPS_MAX: usize = 32;

/// A range of addresses, such as `10.0.0.0/8`, `2001:db8::/32` or one address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    network: IpAddr,
    prefix: u8,
}

/// Why a text is not a range that can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRange {
    /// Not an address, or a length that no address has.
    #[error("an address or a range such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32")]
    Malformed,
    /// Bits behind the prefix are set: it may be a slip of the pen, so nobody guesses what was meant.
    #[error("a range whose address is its first one: bits behind the prefix length are set")]
    HostBits,
    /// Everybody.
    #[error("a range of proxies, not of everybody: who trusts all lets anybody claim any address")]
    Everybody,
}

impl AddressRange {
    /// Parses a range. An IPv4 range written as IPv6 (`::ffff:10.0.0.0/104`) is the IPv4 range.
    ///
    /// # Errors
    /// When the text is no range, or a range that must not be trusted.
    pub fn parse(text: &str) -> Result<Self, InvalidRange> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| InvalidRange::Malformed)?;
        let width = width_of(written);
        let prefix = prefix.map_or(Ok(width), str::parse).map_err(|_| InvalidRange::Malformed)?;
        if prefix > width {
            return Err(InvalidRange::Malformed);
        }
        let network = written.to_canonical();
        let prefix = if width_of(network) == width { Some(prefix) } else { prefix.checked_sub(96) };
        let prefix = prefix.ok_or(InvalidRange::Malformed)?;
        if prefix == 0 {
            return Err(InvalidRange::Everybody);
        }
        if first_of(network, prefix) != network {
            return Err(InvalidRange::HostBits);
        }
        Ok(Self { network, prefix })
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.network.is_ipv4() && first_of(address, self.prefix) == self.network
    }
}

/// The client of a request that came from `peer` with these `X-Forwarded-For` lines.
///
/// Read from the right, because only what our own proxies appended is true: the first address that is none of
/// them is the client, whatever stands to the left of it. An entry that is not an address leaves the peer, so
/// that nobody hides behind one. (CVE-2024-47070)
pub fn client_address<'a>(
    peer: IpAddr,
    forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[AddressRange],
) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address| trusted.iter().any(|range| range.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let mut client = peer;
    for (hop, entry) in forwarded_for.rev().flat_map(|line| line.split(',').rev()).enumerate() {
        let Some(address) = entry_address(entry).filter(|_| hop < HOPS_MAX) else { return peer };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    client
}

/// What stands for an address in a limiter: the whole of an IPv4 one, the first 64 bits of an IPv6 one, which is
/// what one household or one rented machine has. (CVE-2026-45364)
pub fn limiter_key(address: Option<IpAddr>) -> [u8; 32] {
    let mut key = [0; 32];
    match address.map(|address| address.to_canonical()) {
        None => {}
        Some(IpAddr::V4(address)) => {
            key[0] = 4;
            key[1..5].copy_from_slice(&address.octets());
        }
        Some(IpAddr::V6(address)) => {
            key[0] = 6;
            key[1..9].copy_from_slice(&address.octets()[..8]);
        }
    }
    key
}

/// The address of one entry: `192.0.2.7`, `192.0.2.7:1234`, `2001:db8::7`, `[2001:db8::7]` or `[2001:db8::7]:1234`.
pub fn entry_address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim_matches([' ', '\t']);
    let bare = entry.parse::<IpAddr>().ok();
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || entry.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    bare.or_else(bracketed).or_else(with_port).map(|address| address.to_canonical())
}

const fn width_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The first address of the range of this length that `address` is in.
fn first_of(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1"];
        let trusted = trusted.map(|text| AddressRange::parse(text).unwrap());
        client_address(ip(peer), lines.iter().copied(), &trusted).to_string()
    }

    #[test]
    fn a_header_counts_only_from_a_trusted_proxy_and_only_up_to_the_first_stranger() {
        for (peer, lines, expected) in [
            ("192.0.2.7", &["1.2.3.4"][..], "192.0.2.7"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
            ("::ffff:10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["6.6.6.6, 1.2.3.4,\t10.9.9.9"], "1.2.3.4"),
            ("10.0.0.1", &["6.6.6.6, 1.2.3.4", "10.9.9.9"], "1.2.3.4"),
            ("10.0.0.1", &["10.7.7.7, 10.9.9.9"], "10.7.7.7"),
            ("2001:db8:1::1", &["2001:DB8:2:0::7"], "2001:db8:2::7"),
            ("10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["1.2.3.4:5678"], "1.2.3.4"),
            ("10.0.0.1", &["[2001:db8:2::7]:5678"], "2001:db8:2::7"),
            ("10.0.0.1", &["[2001:db8:2::7]"], "2001:db8:2::7"),
        ] {
            assert_eq!(client(peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn cve_2024_47070_what_is_not_an_address_leaves_the_peer() {
        for line in
            ["a", "", "1.2.3.4,", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "fe80::1%eth0", "1.2.3.4 x"]
        {
            assert_eq!(client("10.0.0.1", &[line]), "10.0.0.1", "{line}");
        }
        // What stands to the left of the first stranger is never looked at.
        assert_eq!(client("10.0.0.1", &["a, 1.2.3.4"]), "1.2.3.4");
        let long = vec!["10.0.0.2"; 10_000].join(",");
        assert_eq!(client("10.0.0.1", &[&long]), "10.0.0.1");
    }

    #[test]
    fn cve_2026_45364_one_household_is_one_key_in_every_spelling() {
        let key = |text: &str| limiter_key(Some(ip(text)));
        assert_eq!(key("::ffff:1.2.3.4"), key("1.2.3.4"));
        assert_ne!(key("1.2.3.4"), key("1.2.3.5"));
        assert_eq!(key("2001:db8::1"), key("2001:DB8:0:0:ffff::2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("102:304::"), key("1.2.3.4"));
    }

    #[test]
    fn a_range_is_written_one_way_and_never_means_everybody() {
        for (text, wrong) in [
            ("", InvalidRange::Malformed),
            ("10.0.0.0/33", InvalidRange::Malformed),
            ("10.0.0.0/-1", InvalidRange::Malformed),
            ("10.0.0.0/", InvalidRange::Malformed),
            ("10.0.0/8", InvalidRange::Malformed),
            ("::ffff:10.0.0.0/40", InvalidRange::Malformed),
            ("10.0.0.1/8", InvalidRange::HostBits),
            ("2001:db8::1/32", InvalidRange::HostBits),
            ("0.0.0.0/0", InvalidRange::Everybody),
            ("::/0", InvalidRange::Everybody),
        ] {
            assert_eq!(AddressRange::parse(text), Err(wrong), "{text}");
        }
        assert_eq!(AddressRange::parse("::ffff:10.0.0.0/104"), AddressRange::parse("10.0.0.0/8"));
        let one = AddressRange::parse("192.0.2.7").unwrap();
        assert!(one.contains(ip("::ffff:192.0.2.7")) && !one.contains(ip("192.0.2.8")));
        let private = AddressRange::parse("fc00::/7").unwrap();
        assert!(
            private.contains(ip("fdff::1"))
                && !private.contains(ip("fe00::1"))
                && !private.contains(ip("1.2.3.4"))
        );
    }
}
