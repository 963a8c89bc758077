//! The one text form of our opaque tokens: a prefix and canonical base64url without padding.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many bytes an HMAC-SHA256 tag has.
pub(crate) const TAG_LEN: usize = 32;

pub(crate) fn encode(prefix: &str, payload: &[u8], tag: &[u8; TAG_LEN]) -> String {
    let mut bytes = Vec::with_capacity(payload.len() + TAG_LEN);
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(tag);
    let mut text = String::with_capacity(prefix.len() + bytes.len() * 4 / 3 + 4);
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(&bytes, &mut text);
    text
}

/// The payload and tag of `text`, if it has exactly this prefix and length. The base64 engine refuses
/// padding, other alphabets and loose trailing bits, so a token has one accepted spelling.
pub(crate) fn decode<const PAYLOAD: usize>(
    prefix: &str,
    text: &str,
) -> Option<([u8; PAYLOAD], [u8; TAG_LEN])> {
    let encoded = text.strip_prefix(prefix)?;
    let expected = (PAYLOAD + TAG_LEN).div_ceil(3) * 4;
    if encoded.len() > expected {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let (payload, tag) = bytes.split_at_checked(PAYLOAD)?;
    Some((payload.try_into().ok()?, tag.try_into().ok()?))
}

/// Reads fixed-width big-endian fields from the front of a payload.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) const fn new(payload: &'a [u8]) -> Self {
        Self(payload)
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }
}

/// What a MAC covers: a domain tag, the namespace, and the payload, each with its length in front, so that no
/// two different inputs give the same bytes.
pub(crate) fn signed_bytes(domain_tag: &str, namespace: &str, parts: &[&[u8]]) -> Vec<u8> {
    let all = [domain_tag.as_bytes(), namespace.as_bytes()].into_iter().chain(parts.iter().copied());
    // Exactly as much as it takes: growing would leave a copy behind, and a part may be a password.
    let mut message = Vec::with_capacity(all.clone().map(|part| part.len() + 8).sum());
    for part in all {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}
