//! Password hashing, on threads and memory of its own.

use crate::fault::Fault;
use async_trait::async_trait;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use domain::password::Password;
use std::any::Any;
use std::time::Duration;

/// A password hash as it is stored: a PHC string, sealed with the pepper key and bound to its namespace and
/// user, so that a row moved to another user opens nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPassword(pub String);

/// The right to queue one piece of hashing work. Taken before anything is looked up, so that a full queue
/// answers alike for every address.
pub struct HashPermit(pub Box<dyn Any + Send>);

/// No place in the queue: 503 with `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull {
    /// When a place is likely to be free.
    pub retry_after: Duration,
}

/// What a verification found.
#[derive(Clone)]
pub struct Verification {
    /// Whether the password is right.
    pub matches: bool,
    /// The same password under today's parameters, algorithm and pepper key; only if it is right and the
    /// stored hash is of yesterday's.
    pub replacement: Option<SealedPassword>,
}

/// Hashes and verifies passwords.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A place in the queue.
    ///
    /// # Errors
    /// When the queue is full.
    fn admit(&self) -> Result<HashPermit, QueueFull>;

    /// Hashes a new password with today's parameters.
    ///
    /// # Errors
    /// When the pool is gone or hashing fails.
    async fn hash(
        &self,
        permit: HashPermit,
        namespace: &NamespaceName,
        user: UserId,
        password: Password,
    ) -> Result<SealedPassword, Fault>;

    /// Verifies a password. A stored hash that cannot be opened or read does not match, after the same work,
    /// and is logged.
    ///
    /// # Errors
    /// When the pool is gone.
    async fn verify(
        &self,
        permit: HashPermit,
        namespace: &NamespaceName,
        user: UserId,
        password: Password,
        stored: SealedPassword,
    ) -> Result<Verification, Fault>;

    /// Whether a stored hash has today's parameters, algorithm and pepper key.
    fn is_current(&self, namespace: &NamespaceName, user: UserId, stored: &SealedPassword) -> bool;

    /// Takes over a hash that was made elsewhere (PHC Argon2id, or bcrypt): seals it as it is.
    ///
    /// # Errors
    /// A sentence for the operator when the text is not a hash that can be verified here.
    fn import(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        foreign: &str,
    ) -> Result<SealedPassword, String>;
}
