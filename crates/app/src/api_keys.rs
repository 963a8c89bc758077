//! Which application calls. A key lets an application through the door of a namespace that asks for one, and does
//! nothing else: it names no user and widens no right (ASVS 7.2.2, 8.3.3), and nothing behind the door knows it.
//!
//! The door comes before any account is looked up and before anything is hashed, and what it answers depends on the
//! key alone. A key that is in use costs no query; one that is mistyped neither; one that nobody has seen is paid for
//! with the network address first, so that a flood of made-up keys reaches its limit and not the store.

use crate::api_key_cache::Known;
use crate::fault::Fault;
use crate::limits::{self, Due, LimitError, Limited, Reservation};
use crate::ports::limiter::Limit;
use crate::service::{Namespace, Origin, Service};
use domain::api_key::{API_KEY_PREFIX, ApiKeyText, SecretDigest};
use domain::ids::ApiKeyId;
use domain::secret::SecretText;

/// What the `x-api-key` header says.
#[derive(Clone)]
pub enum PresentedApiKey {
    /// There is none.
    Absent,
    /// One line of text.
    Text(SecretText),
    /// Anything else.
    Unreadable,
}

/// Why an application is not let in.
#[derive(Debug)]
pub enum ApiKeyError {
    /// The namespace asks for a key, and there is none.
    Missing,
    /// The key is wrong, has expired, was revoked, or belongs to another namespace: one indistinguishable answer.
    Invalid,
    /// Too many were wrong from this network address.
    Limited(Limited),
    /// A dependency failed.
    Fault(Fault),
}

impl From<LimitError> for ApiKeyError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Limited(limited) => Self::Limited(limited),
            LimitError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Lets an application in, or not.
///
/// # Errors
/// Why not.
pub async fn admit(
    service: &Service,
    namespace: &Namespace,
    presented: &PresentedApiKey,
    origin: &Origin,
) -> Result<(), ApiKeyError> {
    let text = match presented {
        PresentedApiKey::Absent if namespace.api_key_required => return Err(ApiKeyError::Missing),
        PresentedApiKey::Absent => return Ok(()),
        PresentedApiKey::Text(text) => text.expose(),
        PresentedApiKey::Unreadable => "",
    };
    // Where nobody asks for a key, what is no key of ours is somebody else's business: a gateway in front has its own
    // keys in this header. One of ours that is wrong is told, because its application is set up wrong.
    if !namespace.api_key_required && !text.starts_with(API_KEY_PREFIX) {
        return Ok(());
    }
    let Some(key) = ApiKeyText::decode(text) else { return Err(refused(service, origin).await) };
    let digest = service.macs.secret_digest(&key.secret);
    match service.api_keys.look(key.id, &namespace.name, &digest, service.clock.now()) {
        Known::Admitted => Ok(()),
        // It was right a moment ago, so asking again is no guess.
        Known::Stale if look_up(service, namespace, key.id, &digest).await? => Ok(()),
        Known::Stale => Err(refused(service, origin).await),
        Known::No => guess(service, namespace, key.id, &digest, origin).await,
    }
}

/// A key that this process has not seen working: paid for first, given back if it is right.
async fn guess(
    service: &Service,
    namespace: &Namespace,
    key: ApiKeyId,
    digest: &SecretDigest,
    origin: &Origin,
) -> Result<(), ApiKeyError> {
    let paid = Reservation::of(service, [due(service, origin)]).await?;
    match look_up(service, namespace, key, digest).await {
        Ok(true) => {
            paid.succeed().await;
            Ok(())
        }
        Ok(false) => {
            paid.keep();
            Err(ApiKeyError::Invalid)
        }
        Err(fault) => {
            paid.release().await;
            Err(fault)
        }
    }
}

/// Whether the key works here and now, by the store's word and clock.
async fn look_up(
    service: &Service,
    namespace: &Namespace,
    key: ApiKeyId,
    digest: &SecretDigest,
) -> Result<bool, ApiKeyError> {
    let read_at = service.clock.now();
    let found = service.store.find_api_key(key).await.map_err(ApiKeyError::Fault)?;
    let Some(view) = found else {
        service.api_keys.forget(key);
        return Ok(false);
    };
    let is_here = view.key.namespace == namespace.name;
    let works = is_here && !view.key.works_for(digest, view.now).is_zero();
    service.api_keys.remember(view, read_at, works);
    Ok(works)
}

async fn refused(service: &Service, origin: &Origin) -> ApiKeyError {
    let counted = limits::count_failure(service, due(service, origin)).await;
    counted.map_or_else(ApiKeyError::from, |()| ApiKeyError::Invalid)
}

fn due(service: &Service, origin: &Origin) -> Due {
    Due::pace(Limit::RefreshAddress, origin.source_key(), service.limits.refresh_address)
}

/// Tells the store which keys were used since it was last told. A worker calls it: no request waits for it.
///
/// # Errors
/// When the store fails.
pub async fn note_uses(service: &Service) -> Result<(), Fault> {
    let used = service.api_keys.take_uses(service.clock.now());
    if used.is_empty() { Ok(()) } else { service.store.note_api_key_uses(&used).await }
}
