//! The keys: MACs of our own tokens, access tokens, and the signing keys' records.

use crate::fault::Fault;
use domain::access_token::AccessClaims;
use domain::api_key::{ApiKeySecret, SecretDigest};
use domain::email_address::EmailAddress;
use domain::namespace::NamespaceName;
use domain::refresh_token::{MacKeyId, Tag};
use domain::secret::SecretText;
use domain::time::UnixMillis;

/// MACs of our opaque tokens (HMAC-SHA256, full length), under keys derived from the root key.
pub trait TokenMac: Send + Sync {
    /// The key that new sessions and resets are made under.
    fn current_key(&self) -> MacKeyId;
    /// The MAC of `message` under `key`; `None` when that key is not (or no longer) ours.
    fn tag(&self, key: MacKeyId, message: &[u8]) -> Option<Tag>;
    /// Whether `tag` is the MAC of `message` under `key`, compared in constant time.
    fn is_genuine(&self, key: MacKeyId, message: &[u8], tag: &Tag) -> bool;
    /// What stands for an address in a limiter: a keyed hash, the same whether or not the address has an
    /// account.
    fn limiter_key(&self, namespace: &NamespaceName, email: &EmailAddress) -> [u8; 32];
    /// What is stored of an API key's secret: SHA-256, of 256 random bits, so that no root key is needed to check it.
    fn secret_digest(&self, secret: &ApiKeySecret) -> SecretDigest;
}

/// MACs that seal the audit log (HMAC-SHA256, full length), under keys of their own derived from the root key.
pub trait ChainMac: Send + Sync {
    /// The key that seals today.
    fn current_key(&self) -> MacKeyId;
    /// The MAC of `message` under `key`; `None` when that key is not ours.
    fn tag(&self, key: MacKeyId, message: &[u8]) -> Option<Tag>;
}

/// Access tokens: JWTs under each namespace's own keys, issuer and audience (RFC 9068).
pub trait AccessTokens: Send + Sync {
    /// Signs a token.
    ///
    /// # Errors
    /// When the namespace has no active key or signing fails.
    fn issue(&self, namespace: &NamespaceName, claims: &AccessClaims) -> Result<SecretText, Fault>;
    /// The claims of a token whose signature, algorithm, type, issuer and audience are this namespace's.
    /// Expiry is not looked at: the caller decides what an expired token may still do. `None` for
    /// anything else, one indistinguishable answer.
    fn read(&self, namespace: &NamespaceName, text: &str) -> Option<AccessClaims>;
    /// The namespace's public keys as a JWK Set (RFC 7517), as JSON text.
    fn jwks(&self, namespace: &NamespaceName) -> String;
}

/// A signature algorithm of access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// HMAC-SHA256, only for verifiers that share the secret; never in a JWK Set.
    Hs256,
}

impl SigningAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Hs256];

    /// The JOSE name (RFC 7518, RFC 8037), which is also the stored and configured one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }

    /// The algorithm of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A signing key as the store keeps it. The private part is sealed under a key derived from the root key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// `kid`, unique over all namespaces.
    pub kid: String,
    /// The namespace it signs for.
    pub namespace: NamespaceName,
    /// Its one algorithm.
    pub algorithm: SigningAlgorithm,
    /// The sealed private key.
    pub sealed: Vec<u8>,
    /// When it was made; from then on it is published.
    pub created_at: UnixMillis,
    /// From when on it signs.
    pub activates_at: UnixMillis,
}

/// Makes signing keys and puts the current set to work.
pub trait SigningKeys: Send + Sync {
    /// A fresh key, sealed, not yet stored or used.
    ///
    /// # Errors
    /// When key generation or sealing fails.
    fn generate(
        &self,
        namespace: &NamespaceName,
        created_at: UnixMillis,
        activates_at: UnixMillis,
    ) -> Result<SigningKeyRecord, Fault>;
    /// Replaces the keys in use by these.
    ///
    /// # Errors
    /// When a record cannot be unsealed or read; the keys in use stay.
    fn install(&self, records: &[SigningKeyRecord]) -> Result<(), Fault>;
}
