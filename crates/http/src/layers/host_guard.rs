//! What development mode refuses. Its inbox shows reset links, so a request that came through a proxy, or under
//! a name that somebody else's DNS points at this machine, gets nothing at all.

use crate::options::Mode;
use crate::problem::ProblemCode;
use axum::http::header::{FORWARDED, HOST};
use axum::http::{HeaderMap, Uri};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Headers that only a proxy sets.
const FORWARDING: [&str; 5] =
    ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip"];

/// Lets only requests of this machine through.
pub(crate) fn refusal(mode: Mode, uri: &Uri, headers: &HeaderMap) -> Option<ProblemCode> {
    let is_strange = mode == Mode::Development && !is_local(headers, uri);
    is_strange.then_some(ProblemCode::HostNotAllowed)
}

fn is_local(headers: &HeaderMap, uri: &Uri) -> bool {
    let is_forwarded =
        headers.contains_key(FORWARDED) || FORWARDING.iter().any(|name| headers.contains_key(*name));
    // HTTP/2 names the host in the address, HTTP/1.1 in a header.
    let hosts: Vec<_> = headers.get_all(HOST).iter().collect();
    let host = match (uri.authority(), hosts.as_slice()) {
        (Some(authority), [] | [_]) => Some(authority.as_str()),
        (None, [host]) => host.to_str().ok(),
        _ => None,
    };
    !is_forwarded && host.is_some_and(is_loopback)
}

fn is_loopback(authority: &str) -> bool {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(bracketed) => match bracketed.split_once(']') {
            Some((host, rest)) => return host.parse() == Ok(Ipv6Addr::LOCALHOST) && is_port(rest),
            None => return false,
        },
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_here = host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    is_here && is_port(rest)
}

fn is_port(rest: &str) -> bool {
    rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_pass() {
        for good in [
            "localhost",
            "localhost:5000",
            "LOCALHOST:1",
            "127.0.0.1:5000",
            "127.8.9.1",
            "[::1]:5000",
            "[::1]",
        ] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "localhost.evil.example",
            "localhost:x",
            "127.0.0.1.evil.example",
            "127.1",
            "[::2]",
            "[::1",
            "[::1]x",
            "user@localhost",
            "0.0.0.0",
            "localhost:5000:1",
            "2130706433",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn a_forwarding_header_is_refused_whatever_it_says() {
        for name in FORWARDING.iter().copied().chain(["forwarded"]) {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "localhost".parse().unwrap());
            assert!(is_local(&headers, &Uri::from_static("/")));
            headers.insert(axum::http::HeaderName::from_static(name), "127.0.0.1".parse().unwrap());
            assert!(!is_local(&headers, &Uri::from_static("/")), "{name}");
        }
    }
}
