//! Sign up: make an account. It never signs the new user in, and it hashes whether or not the address is
//! taken, so that only the answer tells.
//!
//! Where the namespace asks for proof of the address, not even the answer does: a taken one gets an id that names nobody,
//! and the mailbox learns what happened (ASVS 6.3.8). Everything up to the answer is the same, the writes included.

use crate::audit::AuditContext;
use crate::choose_password::{self, PasswordBlocked};
use crate::fault::Fault;
use crate::idempotency::{self, Begun, IdempotencyError};
use crate::limits::{self, Due, LimitError, Limited, Reservation};
use crate::outbox::{MailOrder, MailSubject};
use crate::ports::limiter::Limit;
use crate::ports::password_hasher::QueueFull;
use crate::ports::store::{
    NewAccount, Once, OnceAnswer, OnceOutcome, OnceRecord, SignUpMails, SignUpOutcome,
};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use domain::account::EmailVerification;
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
    let mails = mails(namespace, &email, origin);
    let paid = Reservation::of(service, dues(service, namespace, &email, mails.is_some(), origin)).await?;
    let wanted = Wanted { email, password, mails, audit: origin.audit() };
    let made = match hashed(service, namespace, wanted).await {
        Ok(new) => write(service, new, attempt.once()).await,
        Err(error) => Err(error),
    };
    let (made, is_paid) = match made {
        Ok(Made::Now(made)) => (made.ok_or(SignUpError::EmailTaken), true),
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

/// What a sign-up costs. Where it is a mail that a stranger orders, to whomever, it costs what such a mail costs.
fn dues(
    service: &Service,
    namespace: &Namespace,
    email: &EmailAddress,
    orders_mail: bool,
    origin: &Origin,
) -> Vec<Due> {
    let mut dues = vec![Due::pace(Limit::SignUpAddress, origin.source_key(), service.limits.sign_up_address)];
    if orders_mail {
        let key = limits::account_digest(service, namespace, email);
        let (budget, of_all) = (namespace.forgot_password_budget, service.limits.namespace_mail);
        dues.push(Due::pace(Limit::Verification, key, budget));
        dues.push(Due::pace(Limit::NamespaceMail, namespace.limit_key(), of_all));
    }
    dues
}

/// The mails of both outcomes, where only the mailbox is to learn which it is.
fn mails(namespace: &Namespace, email: &EmailAddress, origin: &Origin) -> Option<SignUpMails> {
    let order = |subject| MailOrder {
        namespace: namespace.name.clone(),
        locale: origin.locale_or(namespace),
        subject,
    };
    let email = || email.clone();
    let (verify_page, reset_page) = (namespace.verify_page.clone(), namespace.reset_page.clone());
    (namespace.email_verification == EmailVerification::Required).then(|| SignUpMails {
        made: order(MailSubject::VerifyEmail { email: email(), redirect: verify_page }),
        taken: order(MailSubject::SignUpTaken { email: email(), redirect: reset_page }),
    })
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

/// What became of the write: the id to answer with, or none because the address is taken and that may be told.
enum Made {
    Now(Option<UserId>),
    Before(OnceRecord),
}

async fn write(service: &Service, new: NewAccount, once: Option<Once>) -> Result<Made, SignUpError> {
    // An id that names nobody, if the address is taken.
    let in_secret = new.mails.is_some().then_some(new.id);
    let made = match once {
        None => service.store.sign_up(new).await.map(OnceOutcome::Now),
        Some(once) => service.store.sign_up_once(new, once).await,
    };
    Ok(match made.map_err(SignUpError::Fault)? {
        OnceOutcome::Now(SignUpOutcome::Created(user)) => Made::Now(Some(user.id)),
        OnceOutcome::Now(SignUpOutcome::EmailTaken) => Made::Now(in_secret),
        OnceOutcome::Before(record) => Made::Before(record),
    })
}

/// An account that somebody wants.
pub struct Wanted {
    /// Its address.
    pub email: EmailAddress,
    /// Its password.
    pub password: Password,
    /// What its mailbox is told.
    pub mails: Option<SignUpMails>,
    /// Who wants it.
    pub audit: AuditContext,
}

/// Makes an account, whoever wants it.
///
/// # Errors
/// Why nobody even tried; a taken address is an outcome.
pub async fn make_account(
    service: &Service,
    namespace: &Namespace,
    wanted: Wanted,
) -> Result<SignUpOutcome, SignUpError> {
    let new = hashed(service, namespace, wanted).await?;
    service.store.sign_up(new).await.map_err(SignUpError::Fault)
}

async fn hashed(service: &Service, namespace: &Namespace, wanted: Wanted) -> Result<NewAccount, SignUpError> {
    let permit = service.hasher.admit().map_err(|full| {
        service.telemetry.count(Signal::HashQueueFull);
        SignUpError::Busy(full)
    })?;
    let Wanted { email, password, mails, audit } = wanted;
    let id = UserId::new(service.new_uuid());
    let hashed = service.hasher.hash(permit, &namespace.name, id, password).await;
    let password = hashed.map_err(SignUpError::Fault)?;
    Ok(NewAccount { id, namespace: namespace.name.clone(), email, password, mails, audit })
}
