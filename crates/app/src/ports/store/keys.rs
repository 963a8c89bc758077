//! Root key fingerprints and signing keys.

use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::ports::keys::SigningKeyRecord;
use async_trait::async_trait;
use domain::time::UnixMillis;

/// Keys.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// The fingerprints of the root keys this database was used with: key id and 32 bytes.
    async fn root_key_fingerprints(&self) -> Result<Vec<(u32, [u8; 32])>, Fault>;
    /// Remembers a root key's fingerprint. The first writer wins; the stored one comes back. Event `root_key_remembered`
    /// when it is new.
    async fn remember_root_key(&self, id: u32, fingerprint: [u8; 32]) -> Result<[u8; 32], Fault>;
    /// Every signing key of every namespace.
    async fn list_signing_keys(&self) -> Result<Vec<SigningKeyRecord>, Fault>;
    /// Adds a signing key, unless the namespace has one made after `newer_than` (two nodes may rotate at once). Event `signing_key_rotated`.
    /// Whether it was added.
    async fn add_signing_key(
        &self,
        key: SigningKeyRecord,
        newer_than: Option<UnixMillis>,
        audit: AuditContext,
    ) -> Result<bool, Fault>;
    /// Forgets signing keys. Event `signing_key_retired` for each that there was.
    async fn remove_signing_keys(&self, kids: &[String]) -> Result<(), Fault>;
}
