//! Sign up: make an account. It never signs the new user in, and it hashes whether or not the address is
//! taken, so that only the answer tells.

use crate::audit::AuditContext;
use crate::choose_password::{self, PasswordBlocked};
use crate::fault::Fault;
use crate::idempotency::{self, Begun, IdempotencyError};
use crate::limits::{Due, LimitError, Limited, Reservation};
use crate::ports::limiter::Limit;
use crate::ports::password_hasher::QueueFull;
use crate::ports::store::{NewAccount, Once, OnceAnswer, OnceOutcome, OnceRecord, SignUpOutcome};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use domain::account::User;
use domain::email_address::EmailAddress;
use domain::idempotency::{IdempotencyKey, OnceCall};
use domain::ids::UserId;
use domain::password::Password;

/// Why there is no new account.
#[derive(Debug)]
pub enum SignUpError {
    /// The address has one already.
    EmailTaken,
    /// The password is one that everybody tries.
    PasswordBlocked(PasswordBlocked),
    /// It is not to be carried out under this `Idempotency-Key`.
    Idempotency(IdempotencyError),
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

impl From<IdempotencyError> for SignUpError {
    fn from(error: IdempotencyError) -> Self {
        Self::Idempotency(error)
    }
}

/// Makes an account for a client; once, if it comes with a key. A taken address costs as much as a free one: that answer is what somebody who
/// tries addresses is after.
///
/// # Errors
/// Why there is none.
pub async fn sign_up(
    service: &Service,
    namespace: &Namespace,
    email: EmailAddress,
    password: Password,
    key: Option<&IdempotencyKey>,
    origin: &Origin,
) -> Result<UserId, SignUpError> {
    let blocked = choose_password::check(service, namespace, &email, &password).await;
    if let Some(blocked) = blocked.map_err(SignUpError::Fault)? {
        return Err(SignUpError::PasswordBlocked(blocked));
    }
    let body = [email.as_str().as_bytes(), password.expose()];
    let attempt = match idempotency::begin(service, namespace, OnceCall::SignUp, key, &body).await? {
        Begun::Before(answer) => return again(answer),
        Begun::Now(attempt) => attempt,
    };
    let due = Due::pace(Limit::SignUpAddress, origin.source_key(), service.limits.sign_up_address);
    let paid = Reservation::of(service, [due]).await?;
    let made = match hashed(service, namespace, email, password, origin.audit()).await {
        Ok(new) => write(service, new, attempt.once()).await,
        Err(error) => Err(error),
    };
    let (made, is_paid) = match made {
        Ok(Made::Now(made)) => (made.map(|user| user.id).ok_or(SignUpError::EmailTaken), true),
        // Another server was faster with the same call, and it was paid for there.
        Ok(Made::Before(record)) => (attempt.before(&record).map_err(Into::into).and_then(again), false),
        Err(error) => (Err(error), false),
    };
    if is_paid {
        paid.keep();
    } else {
        paid.release().await;
    }
    made
}

/// The answer that was given before.
fn again(answer: OnceAnswer) -> Result<UserId, SignUpError> {
    match answer {
        OnceAnswer::SignedUp(user) => Ok(user),
        OnceAnswer::EmailTaken => Err(SignUpError::EmailTaken),
        OnceAnswer::MailOrdered | OnceAnswer::PasswordChanged { .. } => {
            Err(SignUpError::Fault(idempotency::foreign_answer()))
        }
    }
}

/// What became of the write: an account, or none because the address is taken.
enum Made {
    Now(Option<User>),
    Before(OnceRecord),
}

async fn write(service: &Service, new: NewAccount, once: Option<Once>) -> Result<Made, SignUpError> {
    let made = match once {
        None => service.store.sign_up(new).await.map(OnceOutcome::Now),
        Some(once) => service.store.sign_up_once(new, once).await,
    };
    Ok(match made.map_err(SignUpError::Fault)? {
        OnceOutcome::Now(SignUpOutcome::Created(user)) => Made::Now(Some(user)),
        OnceOutcome::Now(SignUpOutcome::EmailTaken) => Made::Now(None),
        OnceOutcome::Before(record) => Made::Before(record),
    })
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
    let new = hashed(service, namespace, email, password, audit).await?;
    match service.store.sign_up(new).await.map_err(SignUpError::Fault)? {
        SignUpOutcome::Created(user) => Ok(user),
        SignUpOutcome::EmailTaken => Err(SignUpError::EmailTaken),
    }
}

async fn hashed(
    service: &Service,
    namespace: &Namespace,
    email: EmailAddress,
    password: Password,
    audit: AuditContext,
) -> Result<NewAccount, SignUpError> {
    let permit = service.hasher.admit().map_err(|full| {
        service.telemetry.count(Signal::HashQueueFull);
        SignUpError::Busy(full)
    })?;
    let id = UserId::new(service.new_uuid());
    let hashed = service.hasher.hash(permit, &namespace.name, id, password).await;
    let password = hashed.map_err(SignUpError::Fault)?;
    Ok(NewAccount { id, namespace: namespace.name.clone(), email, password, audit })
}
