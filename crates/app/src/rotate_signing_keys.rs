//! Signing keys: made, published ahead, put to work, and dropped when nothing they signed can be valid.

use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::ports::keys::SigningKeyRecord;
use crate::service::{Namespace, Service};
use domain::access_token::ACCESS_TOKEN_LEEWAY;
use domain::time::UnixMillis;
use std::time::Duration;

/// When keys rotate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// How long a key signs.
    pub period: Duration,
    /// How long a key is published before it signs, so that verifiers that cache the key set know it.
    pub publish_ahead: Duration,
}

/// Makes the keys that are due, drops the ones that are over, and puts the rest to work.
///
/// # Errors
/// When the store fails or a key cannot be made or unsealed.
pub async fn maintain(service: &Service, rotation: KeyRotation) -> Result<(), Fault> {
    let now = service.store.now().await?;
    let keys = service.store.list_signing_keys().await?;
    for namespace in service.namespaces.values() {
        let newest = newest(&keys, namespace);
        match newest {
            None => {
                let when = Due { now, activates_at: now, newer_than: None };
                add(service, namespace, when, AuditContext::system()).await?;
            }
            Some(key) if now.plus(rotation.publish_ahead) >= key.activates_at.plus(rotation.period) => {
                let activates_at = now.plus(rotation.publish_ahead);
                let when = Due { now, activates_at, newer_than: Some(key.created_at) };
                add(service, namespace, when, AuditContext::system()).await?;
            }
            Some(_) => {}
        }
    }
    let over = over(service, &keys, now);
    if !over.is_empty() {
        service.store.remove_signing_keys(&over).await?;
    }
    install(service).await
}

/// Rotates one namespace's key: published now, put to work after `publish_ahead` (zero after a leak).
///
/// # Errors
/// When the store fails or a key cannot be made.
pub async fn rotate(
    service: &Service,
    namespace: &Namespace,
    publish_ahead: Duration,
    audit: AuditContext,
) -> Result<(), Fault> {
    let now = service.store.now().await?;
    let keys = service.store.list_signing_keys().await?;
    let newest = newest(&keys, namespace).map(|key| key.created_at);
    let when = Due { now, activates_at: now.plus(publish_ahead), newer_than: newest };
    add(service, namespace, when, audit).await?;
    install(service).await
}

/// Puts the stored keys to work in this process.
///
/// # Errors
/// When the store fails or a key cannot be unsealed.
pub async fn install(service: &Service) -> Result<(), Fault> {
    let keys = service.store.list_signing_keys().await?;
    service.signing_keys.install(&keys)
}

/// When a new key is made, when it signs, and which key it comes after.
struct Due {
    now: UnixMillis,
    activates_at: UnixMillis,
    newer_than: Option<UnixMillis>,
}

async fn add(service: &Service, namespace: &Namespace, when: Due, audit: AuditContext) -> Result<(), Fault> {
    let key = service.signing_keys.generate(&namespace.name, when.now, when.activates_at)?;
    service.store.add_signing_key(key, when.newer_than, audit).await?;
    Ok(())
}

fn newest<'a>(keys: &'a [SigningKeyRecord], namespace: &Namespace) -> Option<&'a SigningKeyRecord> {
    keys.iter().filter(|key| key.namespace == namespace.name).max_by_key(|key| key.activates_at)
}

/// Keys whose successor has been at work for so long that everything they signed has expired.
fn over(service: &Service, keys: &[SigningKeyRecord], now: UnixMillis) -> Vec<String> {
    let is_over = |key: &&SigningKeyRecord| {
        let Some(namespace) = service.namespaces.get(&key.namespace) else { return false };
        let successor = keys
            .iter()
            .filter(|other| other.namespace == key.namespace && other.activates_at > key.activates_at)
            .map(|other| other.activates_at)
            .min();
        let lifetime = namespace.access_token_ttl + ACCESS_TOKEN_LEEWAY + SIGN_OUT_WINDOW;
        successor.is_some_and(|at| now >= at.plus(lifetime))
    };
    keys.iter().filter(is_over).map(|key| key.kid.clone()).collect()
}

/// An expired access token may still end its own session for this long, so its key stays as long.
const SIGN_OUT_WINDOW: Duration = domain::access_token::EXPIRED_SIGN_OUT_WINDOW;
