//! The compact form of a JWS (RFC 7515 section 7.1), written and taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The longest access token that is looked at, in bytes. Ours have about 600.
pub const ACCESS_TOKEN_MAX: usize = 4096;

/// What makes an access token one, and no other kind of JWT (RFC 9068 section 2.1).
const TYPE: &str = "at+jwt";

/// The whole header of our tokens. Reading refuses any other member: `crit`, `b64`, `zip`, and every
/// way to bring a key along (`jwk`, `jku`, `x5c`, `x5u`). (RFC 8725 section 3; CVE-2018-0114)
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header<'h> {
    #[serde(borrow)]
    pub(super) alg: Cow<'h, str>,
    #[serde(borrow)]
    typ: Cow<'h, str>,
    #[serde(borrow)]
    pub(super) kid: Cow<'h, str>,
}

impl<'h> Header<'h> {
    pub(super) const fn new(alg: &'h str, kid: &'h str) -> Self {
        Self { alg: Cow::Borrowed(alg), typ: Cow::Borrowed(TYPE), kid: Cow::Borrowed(kid) }
    }

    /// The header's part of a token, the dot after it included.
    pub(super) fn encode(&self) -> Result<String, serde_json::Error> {
        let mut text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(self)?);
        text.push('.');
        Ok(text)
    }
}

/// `header` (with its dot) and `payload` joined as they are signed.
pub(super) fn signing_input(header: &str, payload: &[u8]) -> String {
    // Room for the signature too, so that the text is not copied when it is appended.
    let mut text = String::with_capacity(header.len() + payload.len() * 4 / 3 + 100);
    text.push_str(header);
    URL_SAFE_NO_PAD.encode_string(payload, &mut text);
    text
}

/// Appends the signature of `text` to it.
pub(super) fn append_signature(text: &mut String, signature: &[u8]) {
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, text);
}

/// The header's JSON of a text that has the exact shape of an access token: at most [`ACCESS_TOKEN_MAX`]
/// bytes, three parts, each canonical base64url without padding. `None` for JWE, the JSON serialisation,
/// padding, white space, an empty part and the rest.
pub(super) fn header_json(text: &str) -> Option<Vec<u8>> {
    if text.len() > ACCESS_TOKEN_MAX {
        return None;
    }
    let mut parts = text.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || [header, payload, signature].iter().any(|part| part.is_empty()) {
        return None;
    }
    URL_SAFE_NO_PAD.decode(signature).ok()?;
    // The JSON library passes over an unknown claim without looking at its bytes (RFC 7519 section 7.2, step 10).
    String::from_utf8(URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    URL_SAFE_NO_PAD.decode(header).ok()
}

/// Reads a header; `None` unless it is exactly one of ours: type, and no member but `alg`, `typ` and `kid`.
pub(super) fn read_header(json: &[u8]) -> Option<Header<'_>> {
    let header: Header<'_> = serde_json::from_slice(json).ok()?;
    header.typ.eq_ignore_ascii_case(TYPE).then_some(header)
}
