//! What must be true before the first request: the root key is the database's, and every namespace has a
//! decoy whose verification costs what a real one costs today.

use crate::fault::Fault;
use crate::ports::store::Store;
use crate::service::{Namespace, Service};
use domain::ids::UserId;
use domain::password::Password;

/// Why the server must not start.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A key of that id is not the one this database was used with.
    #[error("root key {id} is not the key this database was made with; put the original root key back")]
    RootKeyDiffers {
        /// The key's id.
        id: u32,
    },
    /// The database was used with a key that is not in the root key file.
    #[error(
        "the database needs root key {id}, which the root key file does not hold; put it back as a retired key"
    )]
    RootKeyMissing {
        /// The key's id.
        id: u32,
    },
    /// The hashing queue is full before the server has started.
    #[error("the hashing pool has no room")]
    Busy,
    /// A dependency failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Checks the root keys (id and fingerprint) against the database, and remembers new ones.
///
/// # Errors
/// When they do not belong together.
pub async fn check_root_keys(store: &dyn Store, keys: &[(u32, [u8; 32])]) -> Result<(), PrepareError> {
    compare_root_keys(&store.root_key_fingerprints().await?, keys)?;
    for (id, fingerprint) in keys {
        if store.remember_root_key(*id, *fingerprint).await? != *fingerprint {
            return Err(PrepareError::RootKeyDiffers { id: *id });
        }
    }
    Ok(())
}

/// Holds root keys against those that a database was used with, and remembers nothing.
///
/// # Errors
/// When they do not belong together.
pub fn compare_root_keys(stored: &[(u32, [u8; 32])], keys: &[(u32, [u8; 32])]) -> Result<(), PrepareError> {
    for (id, fingerprint) in stored {
        match keys.iter().find(|(known, _)| known == id) {
            None => return Err(PrepareError::RootKeyMissing { id: *id }),
            Some((_, ours)) if ours != fingerprint => return Err(PrepareError::RootKeyDiffers { id: *id }),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Makes sure that every namespace has a decoy of today's parameters.
///
/// # Errors
/// When hashing or the store fails.
pub async fn ensure_decoys(service: &Service) -> Result<(), PrepareError> {
    for namespace in service.namespaces.values() {
        ensure_decoy(service, namespace).await?;
    }
    Ok(())
}

async fn ensure_decoy(service: &Service, namespace: &Namespace) -> Result<(), PrepareError> {
    let known = service.store.find_decoy(&namespace.name).await?;
    if let Some((user, sealed)) = &known
        && service.hasher.is_current(&namespace.name, *user, sealed)
    {
        return Ok(());
    }
    let user = known.map_or_else(|| UserId::new(service.new_uuid()), |(user, _)| user);
    let permit = service.hasher.admit().map_err(|_| PrepareError::Busy)?;
    let sealed = service.hasher.hash(permit, &namespace.name, user, unknowable_password(service)).await?;
    Ok(service.store.put_decoy(&namespace.name, user, sealed).await?)
}

/// 256 random bits that are forgotten at once.
fn unknowable_password(service: &Service) -> Password {
    let mut random = [0_u8; 32];
    service.entropy.fill(&mut random);
    let text = random.iter().map(|byte| format!("{byte:02x}")).collect();
    match Password::presented(text) {
        Ok(password) => password,
        Err(_) => unreachable!("64 hexadecimal digits are neither empty nor too long"),
    }
}
