//! Email addresses: parsed once at the door, compared in one canonical form.

use crate::host_name;
use std::fmt;
use std::str::FromStr;

/// The longest address, in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
pub const EMAIL_MAX: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321 section 4.5.3.1.1).
pub const EMAIL_LOCAL_MAX: usize = 64;

/// One mailbox in canonical form: an unquoted ASCII local part in lower case, `@`, and a domain in lower-case
/// ASCII (A-labels).
///
/// Only ASCII before the `@`: case folding and normalisation of other scripts have made two people's
/// addresses equal elsewhere (CVE-2019-19844), and a quoted local part can carry a second recipient
/// (GHSA-g7hc-96xr-gvvx). A domain in another script is accepted and kept as A-labels (UTS 46).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

/// Why a text is not an address that can hold an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Nothing was given.
    #[error("An email address is required.")]
    Missing,
    /// Longer than any address can be.
    #[error("An email address has at most {EMAIL_MAX} characters.")]
    TooLong,
    /// Not one plain mailbox.
    #[error("This is not an email address of the form name@example.com.")]
    Malformed,
}

impl EmailAddress {
    /// Parses one address and brings it to canonical form.
    ///
    /// # Errors
    /// When the text is empty, too long, or anything but one plain mailbox.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(InvalidEmail::Missing);
        }
        if text.len() > EMAIL_MAX {
            return Err(InvalidEmail::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail::Malformed)?;
        if local.len() > EMAIL_LOCAL_MAX || !is_dot_atom(local) {
            return Err(InvalidEmail::Malformed);
        }
        let canonical = format!("{}@{}", local.to_ascii_lowercase(), canonical_domain(domain)?);
        if canonical.len() > EMAIL_MAX {
            return Err(InvalidEmail::TooLong);
        }
        // A second opinion from the parser that the mail library uses too: an address that only one of the
        // two would accept is an address that two parts of the server read differently.
        email_address::EmailAddress::from_str(&canonical).map_err(|_| InvalidEmail::Malformed)?;
        Ok(Self(canonical))
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 5322 `dot-atom-text`: no quotes, no comments, no empty part.
fn is_dot_atom(local: &str) -> bool {
    local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// The domain as lower-case A-labels, at least two of them.
fn canonical_domain(domain: &str) -> Result<String, InvalidEmail> {
    host_name::canonical(domain).filter(|ascii| ascii.contains('.')).ok_or(InvalidEmail::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_has_one_canonical_form() {
        for (text, canonical) in [
            ("Owner@MinBil.IO", "owner@minbil.io"),
            (" a.b+tag@example.com ", "a.b+tag@example.com"),
            ("kari@blåbær.no", "kari@xn--blbr-roah.no"),
        ] {
            assert_eq!(EmailAddress::parse(text).map(|e| e.0).as_deref(), Ok(canonical));
        }
    }

    #[test]
    fn asvs_1_3_11_nothing_but_one_plain_mailbox_parses() {
        for bad in [
            "a",
            "@b.no",
            "a@",
            "a@b",
            "a@b.",
            "a@.b.no",
            "a..b@c.no",
            ".a@b.no",
            "a.@b.no",
            "a@b@c.no",
            "a@x.no,b@y.no",
            "a@x.no;b@y.no",
            "\"a b\"@c.no",
            "\"a@x.no\"@c.no",
            "a(b)@c.no",
            "Ann <a@c.no>",
            "a@c.no\r\nBcc: x@y.no",
            "a\n@c.no",
            "a@c.no\0",
            "a\u{ff20}c.no",
            "\u{131}@c.no",
            "\u{212a}@c.no",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a@-b.no",
            "a@b_c.no",
            "a%40b.c",
            "a@b c.no",
            "å@c.no",
            "a@xn--example-.org",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(InvalidEmail::Malformed), "{bad:?}");
        }
        assert_eq!(EmailAddress::parse("  "), Err(InvalidEmail::Missing));
        assert_eq!(EmailAddress::parse(&format!("a@{}.no", "b".repeat(260))), Err(InvalidEmail::TooLong));
    }
}
