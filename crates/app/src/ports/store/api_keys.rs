//! API keys of applications.

use crate::audit::AuditContext;
use crate::fault::Fault;
use async_trait::async_trait;
use domain::api_key::{ApiKey, ApiKeyName, Rotation, SecretDigest};
use domain::ids::ApiKeyId;
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;
use std::time::Duration;

/// A key to be made.
pub struct NewApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Where it counts.
    pub namespace: NamespaceName,
    /// What people call it.
    pub name: ApiKeyName,
    /// The hash of its secret.
    pub digest: SecretDigest,
    /// How long its secret works; `None`: until it is revoked.
    pub lifetime: Option<Duration>,
    /// Who makes it.
    pub audit: AuditContext,
}

/// What became of making a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddApiKeyOutcome {
    /// It is there.
    Added(ApiKey),
    /// The namespace has a key of that name that is not revoked; nothing changed.
    NameTaken,
}

/// What became of a change to one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKeyChange {
    /// Done; the key as it is now.
    Done(ApiKey),
    /// There is no such key in the namespace, or it is revoked; nothing changed.
    Refused,
}

/// A key, and the moment at which it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyView {
    /// The key, whether or not it still works.
    pub key: ApiKey,
    /// The store's now.
    pub now: UnixMillis,
}

/// API keys.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Makes a key. Event `api_key_created`, with the key's id as its detail.
    async fn add_api_key(&self, new: NewApiKey) -> Result<AddApiKeyOutcome, Fault>;
    /// One key, of whichever namespace.
    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyView>, Fault>;
    /// Every key of a namespace, revoked ones too, in the order of their ids.
    async fn list_api_keys(&self, namespace: &NamespaceName) -> Result<Vec<ApiKey>, Fault>;
    /// Gives a key a new secret, as `domain::api_key::ApiKey::rotated` says. Event `api_key_rotated`.
    async fn rotate_api_key(
        &self,
        namespace: &NamespaceName,
        key: ApiKeyId,
        rotation: Rotation,
        audit: AuditContext,
    ) -> Result<ApiKeyChange, Fault>;
    /// Revokes a key, for good. Event `api_key_revoked`.
    async fn revoke_api_key(
        &self,
        namespace: &NamespaceName,
        key: ApiKeyId,
        audit: AuditContext,
    ) -> Result<ApiKeyChange, Fault>;
    /// Notes that these keys were used. No event: it is no news.
    async fn note_api_key_uses(&self, keys: &[ApiKeyId]) -> Result<(), Fault>;
}
