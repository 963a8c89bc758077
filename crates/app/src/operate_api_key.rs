//! What an operator does with API keys at the command line. The text of a key is made here, handed out once, and kept
//! nowhere.

use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::ports::store::{AddApiKeyOutcome, ApiKeyChange, NewApiKey};
use crate::service::{Namespace, Service};
use domain::api_key::{ApiKey, ApiKeyName, ApiKeySecret, ApiKeyText, Rotation};
use domain::ids::ApiKeyId;
use domain::secret::SecretText;
use std::time::Duration;

/// A key and its text, which nobody can ask for again.
pub struct IssuedApiKey {
    /// The key.
    pub key: ApiKey,
    /// Its text.
    pub text: SecretText,
}

/// Makes a key; `None` if the name is taken.
///
/// # Errors
/// When the store fails.
pub async fn create(
    service: &Service,
    namespace: &Namespace,
    name: ApiKeyName,
    lifetime: Option<Duration>,
) -> Result<Option<IssuedApiKey>, Fault> {
    let text = fresh(service, ApiKeyId::new(service.new_uuid()));
    let new = NewApiKey {
        id: text.id,
        namespace: namespace.name.clone(),
        name,
        digest: service.macs.secret_digest(&text.secret),
        lifetime,
        audit: AuditContext::operator(),
    };
    Ok(match service.store.add_api_key(new).await? {
        AddApiKeyOutcome::Added(key) => Some(IssuedApiKey { key, text: SecretText::new(text.encode()) }),
        AddApiKeyOutcome::NameTaken => None,
    })
}

/// Gives a key a new secret, while the one before goes on for `overlap`; `None` if there is no such key any more.
///
/// # Errors
/// When the store fails.
pub async fn rotate(
    service: &Service,
    namespace: &Namespace,
    key: ApiKeyId,
    overlap: Duration,
    lifetime: Option<Duration>,
) -> Result<Option<IssuedApiKey>, Fault> {
    let text = fresh(service, key);
    let rotation = Rotation { digest: service.macs.secret_digest(&text.secret), overlap, lifetime };
    let audit = AuditContext::operator();
    Ok(match service.store.rotate_api_key(&namespace.name, key, rotation, audit).await? {
        ApiKeyChange::Done(key) => Some(IssuedApiKey { key, text: SecretText::new(text.encode()) }),
        ApiKeyChange::Refused => None,
    })
}

fn fresh(service: &Service, id: ApiKeyId) -> ApiKeyText {
    ApiKeyText { id, secret: ApiKeySecret::filled_by(|bits| service.entropy.fill(bits)) }
}
