//! Sign up: make an account. It never signs the new user in, and it hashes whether or not the address is
//! taken, so that only the answer tells.

use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::ports::password_hasher::QueueFull;
use crate::ports::store::{NewAccount, SignUpOutcome};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Service};
use domain::account::User;
use domain::email_address::EmailAddress;
use domain::ids::UserId;
use domain::password::Password;

/// Why there is no new account.
#[derive(Debug)]
pub enum SignUpError {
    /// The address has one already.
    EmailTaken,
    /// The hashing queue is full.
    Busy(QueueFull),
    /// A dependency failed.
    Fault(Fault),
}

/// Makes an account.
///
/// # Errors
/// Why there is none.
pub async fn sign_up(
    service: &Service,
    namespace: &Namespace,
    email: EmailAddress,
    password: Password,
    audit: AuditContext,
) -> Result<User, SignUpError> {
    let permit = service.hasher.admit().map_err(|full| {
        service.telemetry.count(Signal::HashQueueFull);
        SignUpError::Busy(full)
    })?;
    let id = UserId::new(service.new_uuid());
    let hashed = service.hasher.hash(permit, &namespace.name, id, password).await;
    let password = hashed.map_err(SignUpError::Fault)?;
    let new = NewAccount { id, namespace: namespace.name.clone(), email, password, audit };
    match service.store.sign_up(new).await.map_err(SignUpError::Fault)? {
        SignUpOutcome::Created(user) => Ok(user),
        SignUpOutcome::EmailTaken => Err(SignUpError::EmailTaken),
    }
}
