//! Where a mailed link may lead.

use crate::host_name;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest `redirect_to`, in bytes.
pub const REDIRECT_MAX: usize = 512;

/// A target that stood in the allowlist, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedirectTarget(String);

impl RedirectTarget {
    /// The address, without a fragment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why an entry cannot stand in an allowlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAllowlistEntry {
    /// The mailed token is the fragment, so the entry cannot have one.
    #[error("a redirect target has no fragment (#…): the mailed token takes its place")]
    Fragment,
    /// Not an address a mail should hold.
    #[error(
        "a redirect target is an absolute https:// address (http:// only for a loopback host) in plain printable ASCII, \
         its host as browsers spell it"
    )]
    Form,
    /// Longer than `redirect_to` may be.
    #[error("a redirect target has at most {REDIRECT_MAX} characters")]
    TooLong,
}

/// The targets of one namespace. Comparison is of exact strings, as RFC 9700 section 2.1 asks: every
/// cleverer comparison has been an open redirect in somebody's server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedirectAllowlist(Vec<RedirectTarget>);

impl RedirectAllowlist {
    /// Takes the operator's entries.
    ///
    /// # Errors
    /// The first entry that cannot be a target, with the reason.
    pub fn new(entries: impl IntoIterator<Item = String>) -> Result<Self, (String, InvalidAllowlistEntry)> {
        let mut targets = Vec::new();
        for entry in entries {
            match check_entry(&entry) {
                Ok(()) => targets.push(RedirectTarget(entry)),
                Err(reason) => return Err((entry, reason)),
            }
        }
        Ok(Self(targets))
    }

    /// The entry that equals `requested`, if there is one.
    pub fn find(&self, requested: &str) -> Option<&RedirectTarget> {
        self.0.iter().find(|target| target.as_str() == requested)
    }

    /// Every entry.
    pub fn iter(&self) -> impl Iterator<Item = &RedirectTarget> {
        self.0.iter()
    }
}

impl fmt::Display for RedirectTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_entry(entry: &str) -> Result<(), InvalidAllowlistEntry> {
    if entry.len() > REDIRECT_MAX {
        return Err(InvalidAllowlistEntry::TooLong);
    }
    if entry.contains('#') {
        return Err(InvalidAllowlistEntry::Fragment);
    }
    let is_plain = entry.bytes().all(|b| b.is_ascii_graphic() && !b"\\<>\"`{}|^".contains(&b));
    let host = |rest| host_of(authority_of(rest));
    let is_safe = match entry.split_once("://") {
        Some(("https", rest)) => host(rest).is_some_and(is_plain_host),
        Some(("http", rest)) => host(rest).is_some_and(is_loopback),
        _ => false,
    };
    if is_plain && is_safe { Ok(()) } else { Err(InvalidAllowlistEntry::Form) }
}

fn authority_of(rest: &str) -> &str {
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// The host of an authority that has nothing else but perhaps a port: no user, no password.
fn host_of(authority: &str) -> Option<&str> {
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at_checked(end)?;
    let is_port = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok();
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(host)
}

/// Whether a browser reads the host as it is written (WHATWG URL section 3.5). Of `%65vil.example`, `127.1` or `a..no` it
/// makes something else or nothing, and then a reader of the configuration would be misled.
fn is_plain_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        // With a dot in it, an IPv4 address is embedded, and browsers spell that in another way.
        Some(inner) => {
            inner.parse::<Ipv6Addr>().is_ok_and(|v6| !inner.contains('.') && v6.to_string() == inner)
        }
        None => {
            host.parse::<Ipv4Addr>().is_ok() || host_name::canonical(host).is_some_and(|name| name == host)
        }
    }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowlist() -> RedirectAllowlist {
        RedirectAllowlist::new(["https://platform.minbil.no/reset-password".to_owned()]).unwrap()
    }

    #[test]
    fn only_the_exact_entry_is_found() {
        let list = allowlist();
        assert!(list.find("https://platform.minbil.no/reset-password").is_some());
        for near in [
            "https://platform.minbil.no/reset-password/",
            "https://platform.minbil.no/reset-password?x=1",
            "https://platform.minbil.no/reset-password#a",
            "HTTPS://platform.minbil.no/reset-password",
            "https://platform.minbil.no:443/reset-password",
            "https://platform.minbil.no./reset-password",
            "https://platform.minbil.no@evil.example/reset-password",
            "//platform.minbil.no/reset-password",
            "https:platform.minbil.no/reset-password",
            "https://platform.minbil.no/%72eset-password",
            " https://platform.minbil.no/reset-password",
            "javascript:alert(1)",
            "",
        ] {
            assert!(list.find(near).is_none(), "{near:?}");
        }
    }

    #[test]
    fn an_entry_that_could_mislead_is_refused_at_start() {
        let refusal =
            |entry: &str| RedirectAllowlist::new([entry.to_owned()]).err().map(|(_, reason)| reason);
        assert_eq!(refusal("https://a.no/r#token"), Some(InvalidAllowlistEntry::Fragment));
        assert_eq!(
            refusal(&format!("https://a.no/{}", "r".repeat(600))),
            Some(InvalidAllowlistEntry::TooLong)
        );
        for bad in [
            "http://a.no/r",
            "javascript:alert(1)",
            "/reset",
            "https://",
            "https://u@a.no/r",
            "https://a.no/ r",
        ] {
            assert_eq!(refusal(bad), Some(InvalidAllowlistEntry::Form), "{bad}");
        }
        for good in
            ["http://localhost:3000/reset", "http://[::1]:3000/r", "https://a.no", "https://a.no:8443/r?x=1"]
        {
            assert_eq!(refusal(good), None, "{good}");
        }
    }
}
