//! Sign up: make an account. It never signs the new user in, and it hashes whether or not the address is
//! taken, so that only the answer tells.

use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::limits::{Due, LimitError, Limited, Reservation};
use crate::ports::limiter::Limit;
use crate::ports::password_hasher::QueueFull;
use crate::ports::store::{NewAccount, SignUpOutcome};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use domain::account::User;
use domain::email_address::EmailAddress;
use domain::ids::UserId;
use domain::password::Password;

/// Why there is no new account.
#[derive(Debug)]
pub enum SignUpError {
    /// The address has one already.
    EmailTaken,
    /// Too many have come from this network address.
    Limited(Limited),
    /// The hashing queue is full.
    Busy(QueueFull),
    /// A dependency failed.
    Fault(Fault),
}

impl From<LimitError> for SignUpError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Limited(limited) => Self::Limited(limited),
            LimitError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Makes an account for a client. A taken address costs as much as a free one: that answer is what somebody who
/// tries addresses is after.
///
/// # Errors
/// Why there is none.
pub async fn sign_up(
    service: &Service,
    namespace: &Namespace,
    email: EmailAddress,
    password: Password,
    origin: &Origin,
) -> Result<User, SignUpError> {
    let due = Due::pace(Limit::SignUpAddress, origin.source_key(), service.limits.sign_up_address);
    let paid = Reservation::of(service, [due]).await?;
    let made = make_account(service, namespace, email, password, origin.audit()).await;
    match &made {
        Ok(_) | Err(SignUpError::EmailTaken | SignUpError::Limited(_)) => paid.keep(),
        Err(SignUpError::Busy(_) | SignUpError::Fault(_)) => paid.release().await,
    }
    made
}

/// Makes an account, whoever wants it.
///
/// # Errors
/// Why there is none.
pub async fn make_account(
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
