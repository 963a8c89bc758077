//! The root keys: the one secret that is never in the database, and everything derived from it.
//!
//! A root key is 32 random bytes with an id. HKDF-SHA256 (RFC 5869) derives one key per purpose from it: the
//! MAC key of refresh and reset tokens, the pepper that seals password hashes, the limiter's key, the key that seals
//! the audit log, and the key that wraps signing keys. The root bytes themselves are wiped as soon as these exist.
//!
//! The text has one key a line, `<id> <base64 of 32 bytes>`; the first is current, the others are retired and
//! still verify and open what was made under them. A single line without an id is key 1. Empty lines and `#`
//! comments are ignored. To rotate, put a new line with a new id above the others on every node.

mod error;
mod file;

pub use error::{LineProblem, RootKeyError};

use crate::sealing::Sealer;
use app::ports::clock::Entropy;
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The most root keys, current and retired, that are kept at once.
pub const ROOT_KEYS_MAX: usize = 16;
/// The longest text of root keys, in bytes.
pub const ROOT_KEY_TEXT_MAX: usize = 8 * 1024;

const KEY_LEN: usize = 32;
const HKDF_SALT: &[u8] = b"minbil-auth root key v1";
const ID_IF_NONE_IS_GIVEN: u32 = 1;

/// Padding is optional, because `openssl rand -base64 32` writes it; loose trailing bits are refused.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);

/// What a derived key is for. The labels are part of what is stored: they never change.
#[derive(Clone, Copy)]
enum Purpose {
    TokenMac,
    PasswordPepper,
    Limiter,
    SigningKeyWrap,
    AuditChain,
    Fingerprint,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::TokenMac => b"token mac",
            Self::PasswordPepper => b"password pepper",
            Self::Limiter => b"limiter key",
            Self::SigningKeyWrap => b"signing key wrap",
            Self::AuditChain => b"audit chain",
            Self::Fingerprint => b"fingerprint",
        }
    }
}

/// The root keys, as what was derived from them.
pub struct RootKeys {
    ids: Vec<u32>,
    mac: Vec<(u32, hmac::Key)>,
    limiter: hmac::Key,
    pepper: Arc<Sealer>,
    wrapping: Arc<Sealer>,
    audit: Vec<(u32, hmac::Key)>,
    fingerprints: Vec<(u32, [u8; 32])>,
}

struct RootKey {
    id: u32,
    bytes: Zeroizing<[u8; KEY_LEN]>,
}

impl RootKeys {
    /// Reads root keys from a text, as a file or an environment variable holds it.
    ///
    /// # Errors
    /// When a line is not a key, or there are none, too many, or two of the same.
    pub fn parse(text: &str) -> Result<Self, RootKeyError> {
        if text.len() > ROOT_KEY_TEXT_MAX {
            return Err(RootKeyError::TooLong);
        }
        Self::derive(&read_lines(text)?)
    }

    /// The text of one new random key with id 1, as [`RootKeys::parse`] reads it, for whoever keeps it elsewhere
    /// than in the file of [`RootKeys::create`].
    pub fn new_text(entropy: &dyn Entropy) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        entropy.fill(bytes.as_mut());
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str("1 ");
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        text.push('\n');
        text
    }

    /// One value per key that tells whether two nodes have the same key, and nothing else about it: its own
    /// HKDF output. A node refuses to start on a key whose fingerprint differs from the database's.
    pub fn fingerprints(&self) -> Vec<(u32, [u8; 32])> {
        self.fingerprints.clone()
    }

    /// The id of the key that new things are made under.
    pub fn current_id(&self) -> u32 {
        self.ids.first().copied().unwrap_or(ID_IF_NONE_IS_GIVEN)
    }

    pub(crate) fn mac_keys(&self) -> &[(u32, hmac::Key)] {
        &self.mac
    }

    pub(crate) fn audit_keys(&self) -> &[(u32, hmac::Key)] {
        &self.audit
    }

    pub(crate) const fn limiter_key(&self) -> &hmac::Key {
        &self.limiter
    }

    pub(crate) fn pepper(&self) -> Arc<Sealer> {
        Arc::clone(&self.pepper)
    }

    pub(crate) fn wrapping(&self) -> Arc<Sealer> {
        Arc::clone(&self.wrapping)
    }

    fn derive(keys: &[RootKey]) -> Result<Self, RootKeyError> {
        let current = keys.first().ok_or(RootKeyError::Missing)?;
        let all = |purpose| {
            keys.iter()
                .map(|key| Ok((key.id, key.derive(purpose)?)))
                .collect::<Result<Vec<_>, RootKeyError>>()
        };
        let sealer = |purpose| {
            let derived = all(purpose)?;
            Sealer::new(derived.iter().map(|(id, key)| (*id, &**key)))
                .map(Arc::new)
                .ok_or(RootKeyError::Derivation)
        };
        let hmac_key = |bytes: &[u8; KEY_LEN]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let hmac_keys = |purpose| -> Result<Vec<_>, RootKeyError> {
            Ok(all(purpose)?.iter().map(|(id, key)| (*id, hmac_key(key))).collect())
        };
        Ok(Self {
            ids: keys.iter().map(|key| key.id).collect(),
            mac: hmac_keys(Purpose::TokenMac)?,
            audit: hmac_keys(Purpose::AuditChain)?,
            limiter: hmac_key(&*current.derive(Purpose::Limiter)?),
            pepper: sealer(Purpose::PasswordPepper)?,
            wrapping: sealer(Purpose::SigningKeyWrap)?,
            fingerprints: all(Purpose::Fingerprint)?.iter().map(|(id, print)| (*id, **print)).collect(),
        })
    }
}

impl RootKey {
    /// The id is part of the derivation, so that a renumbered key is another key and its fingerprint says so.
    fn derive(&self, purpose: Purpose) -> Result<Zeroizing<[u8; KEY_LEN]>, RootKeyError> {
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, HKDF_SALT).extract(self.bytes.as_slice());
        let id = self.id.to_be_bytes();
        let info = [id.as_slice(), purpose.label()];
        let mut derived = Zeroizing::new([0; KEY_LEN]);
        extracted
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(derived.as_mut()))
            .map_err(|_| RootKeyError::Derivation)?;
        Ok(derived)
    }
}

fn read_lines(text: &str) -> Result<Vec<RootKey>, RootKeyError> {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    if lines.len() > ROOT_KEYS_MAX {
        return Err(RootKeyError::TooMany);
    }
    let mut keys: Vec<RootKey> = Vec::with_capacity(lines.len());
    for (line, text) in &lines {
        let key = read_line(text, lines.len() == 1)
            .and_then(|key| match keys.iter().find(|other| other.id == key.id || other.bytes == key.bytes) {
                Some(other) if other.id == key.id => Err(LineProblem::IdTwice),
                Some(_) => Err(LineProblem::KeyTwice),
                None => Ok(key),
            })
            .map_err(|problem| RootKeyError::Line { line: *line, problem })?;
        keys.push(key);
    }
    Ok(keys)
}

fn read_line(line: &str, stands_alone: bool) -> Result<RootKey, LineProblem> {
    let mut words = line.split_ascii_whitespace();
    let (id, key) = match (words.next(), words.next(), words.next()) {
        (Some(key), None, _) if stands_alone => (ID_IF_NONE_IS_GIVEN, key),
        (Some(_), None, _) => return Err(LineProblem::IdMissing),
        (Some(id), Some(key), None) => {
            (id.parse().ok().filter(|id: &u32| *id > 0).ok_or(LineProblem::Id)?, key)
        }
        _ => return Err(LineProblem::Shape),
    };
    Ok(RootKey { id, bytes: read_key(key)? })
}

fn read_key(text: &str) -> Result<Zeroizing<[u8; KEY_LEN]>, LineProblem> {
    let engine = if text.contains(['+', '/']) { &STANDARD } else { &URL_SAFE };
    // The decoder asks for room by its own estimate, which is up to two bytes more than it fills.
    let mut buffer = Zeroizing::new([0_u8; KEY_LEN + 4]);
    let length = engine.decode_slice(text, buffer.as_mut()).map_err(|_| LineProblem::Key)?;
    if length != KEY_LEN {
        return Err(LineProblem::Key);
    }
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    bytes.copy_from_slice(&buffer[..KEY_LEN]);
    if bytes.iter().all(|byte| *byte == bytes[0]) {
        return Err(LineProblem::Placeholder);
    }
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A line with the key whose bytes count up from `start`.
    pub(crate) fn key_line(id: u32, start: u8) -> String {
        format!("{id} {}\n", key_text(start))
    }

    pub(crate) fn key_text(start: u8) -> String {
        let bytes: Vec<u8> = (0..32).map(|at| start.wrapping_add(at)).collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn root_keys(text: &str) -> RootKeys {
        RootKeys::parse(text).unwrap()
    }
}

#[cfg(test)]
mod tests;
