//! API keys. A key names an application, never a user: it opens nothing and widens no right (ASVS 7.2.2, 8.3.3).
//!
//! The text is 256 random bits with the key's id and a checksum, so that a mistyped key is told from a wrong one
//! without a look-up. The row holds a hash of the random bits alone; so many of them need no slow one.

use crate::ids::ApiKeyId;
use crate::namespace::NamespaceName;
use crate::time::UnixMillis;
use crate::token_text::{self, Fields};
use std::fmt;
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What every API key starts with; the digit is the format's version.
pub const API_KEY_PREFIX: &str = "mbk1_";
/// The exact length of an API key, in characters.
pub const API_KEY_LEN: usize = API_KEY_PREFIX.len() + 70;
/// The longest name of a key, in characters.
pub const API_KEY_NAME_MAX: usize = 64;

const PAYLOAD_LEN: usize = 20;

/// A SHA-256 hash of a key's random bits.
pub type SecretDigest = [u8; 32];

/// The random bits of a key. They are shown once and kept nowhere.
pub struct ApiKeySecret(Zeroizing<[u8; 32]>);

impl ApiKeySecret {
    /// A secret of bits from somewhere.
    pub fn filled_by(fill: impl FnOnce(&mut [u8])) -> Self {
        let mut bits = Zeroizing::new([0; 32]);
        fill(bits.as_mut());
        Self(bits)
    }

    /// The bits. Every call is a place where they leave: into a text, or a hash.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A key as its application holds it.
pub struct ApiKeyText {
    /// Which key.
    pub id: ApiKeyId,
    /// What proves it.
    pub secret: ApiKeySecret,
}

impl ApiKeyText {
    /// The key's text.
    pub fn encode(&self) -> String {
        token_text::encode(API_KEY_PREFIX, &self.payload(), self.secret.expose())
    }

    /// Reads a key's text, strictly. `None` for anything but one spelling with a right checksum.
    pub fn decode(text: &str) -> Option<Self> {
        let (payload, secret) = token_text::decode::<PAYLOAD_LEN>(API_KEY_PREFIX, text)?;
        let id = ApiKeyId::new(Uuid::from_bytes(Fields::new(&payload).take()?));
        let read = Self { id, secret: ApiKeySecret(Zeroizing::new(secret)) };
        (read.payload() == payload).then_some(read)
    }

    fn payload(&self) -> [u8; PAYLOAD_LEN] {
        let mut payload = [0; PAYLOAD_LEN];
        payload[..16].copy_from_slice(self.id.uuid().as_bytes());
        let checksum = crc32(&[&payload[..16], self.secret.expose()]);
        payload[16..].copy_from_slice(&checksum.to_be_bytes());
        payload
    }
}

/// CRC-32 (ISO 3309), bit by bit: it finds slips of the hand and keeps nobody out.
fn crc32(parts: &[&[u8]]) -> u32 {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let mut crc = u32::MAX;
    for byte in parts.iter().copied().flatten() {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
        }
    }
    !crc
}

/// What people call a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyName(String);

/// A text that no key can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key's name has 1 to 64 characters, and none that cannot be printed; white space only between others"
)]
pub struct InvalidApiKeyName;

impl ApiKeyName {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is empty, too long, or cannot be printed on one line.
    pub fn parse(text: &str) -> Result<Self, InvalidApiKeyName> {
        let is_good = !text.is_empty()
            && text.trim() == text
            && text.chars().count() <= API_KEY_NAME_MAX
            && !text.chars().any(char::is_control);
        if is_good { Ok(Self(text.to_owned())) } else { Err(InvalidApiKeyName) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiKeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret that a key goes by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KnownSecret {
    /// Its hash.
    pub digest: SecretDigest,
    /// When it stops working, if ever.
    pub expires_at: Option<UnixMillis>,
}

impl fmt::Debug for KnownSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The hash lets nobody in, and still has no business in a log.
        f.debug_struct("KnownSecret").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl KnownSecret {
    /// How long it works from `now` on; zero once it does not, [`Duration::MAX`] without an end.
    pub fn works_for(&self, now: UnixMillis) -> Duration {
        self.expires_at.map_or(Duration::MAX, |end| end.since(now))
    }
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, the same for each of its secrets.
    pub id: ApiKeyId,
    /// Where it counts.
    pub namespace: NamespaceName,
    /// What people call it; no two keys of a namespace that are not revoked share one.
    pub name: ApiKeyName,
    /// The secret that applications are to use.
    pub current: KnownSecret,
    /// The one before, as long as it may still be in use.
    pub previous: Option<KnownSecret>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When the current secret was made.
    pub rotated_at: UnixMillis,
    /// When it was revoked.
    pub revoked_at: Option<UnixMillis>,
    /// When it was last seen, give or take an hour.
    pub last_used_at: Option<UnixMillis>,
}

/// A new secret for a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Its hash.
    pub digest: SecretDigest,
    /// How long the secret before goes on working.
    pub overlap: Duration,
    /// How long the new one works; `None`: as long as the one before was given.
    pub lifetime: Option<Duration>,
}

impl ApiKey {
    /// How long a secret with this hash still works at `now`; zero when it does not.
    pub fn works_for(&self, digest: &SecretDigest, now: UnixMillis) -> Duration {
        if self.revoked_at.is_some() {
            return Duration::ZERO;
        }
        let known = [Some(self.current), self.previous].into_iter().flatten();
        let mut best = Duration::ZERO;
        for secret in known {
            if is_same(&secret.digest, digest) {
                best = best.max(secret.works_for(now));
            }
        }
        best
    }

    /// The key after a rotation at `now`. Only the secret before stays on, and not longer than it would have anyway: of
    /// two rotations in a row the first one's overlap is over.
    #[must_use]
    pub fn rotated(&self, rotation: Rotation, now: UnixMillis) -> Self {
        let lifetime = rotation.lifetime.or_else(|| Some(self.current.expires_at?.since(self.rotated_at)));
        let overlap_ends = now.plus(rotation.overlap);
        let ends = self.current.expires_at.map_or(overlap_ends, |end| end.min(overlap_ends));
        Self {
            current: KnownSecret { digest: rotation.digest, expires_at: lifetime.map(|span| now.plus(span)) },
            previous: Some(KnownSecret { digest: self.current.digest, expires_at: Some(ends) }),
            rotated_at: now,
            ..self.clone()
        }
    }
}

/// Whether two hashes are the same, after the same work wherever they differ.
fn is_same(left: &SecretDigest, right: &SecretDigest) -> bool {
    left.iter().zip(right).fold(0, |differs, (left, right)| differs | (left ^ right)) == 0
}

#[cfg(test)]
mod tests;
