//! Sign up: make an account. It never signs the new user in, and it hashes whether or not the address is
//! taken, so that only the answer tells.
//!
//! Where the namespace asks for proof of the address, not even the answer does: a taken one gets an id that names nobody,
//! and the mailbox learns what happened (ASVS 6.3.8). Everything up to the answer is the same, the writes included.

use crate::audit::AuditContext;
use crate::choose_password::{self, PasswordBlocked};
use crate::fault::Fault;
use crate::limits::{self, Due, LimitError, Limited, Reservation};
use crate::outbox::{MailOrder, MailSubject};
use crate::ports::limiter::Limit;
use crate::ports::password_hasher::QueueFull;
use crate::ports::store::{NewAccount, SignUpMails, SignUpOutcome};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use domain::account::EmailVerification;
use domain::email_address::EmailAddress;
use domain::ids::UserId;
use domain::password::Password;

/// Why there is no new account.
#[derive(Debug)]
pub enum SignUpError {
    /// The address has one already.
    EmailTaken,
    /// The password is one that everybody tries.
    PasswordBlocked(PasswordBlocked),
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

/// What a client is told to have signed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedUp {
    /// The new account's id; one that names nobody if the address was taken and that is not to be told.
    pub id: UserId,
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
) -> Result<SignedUp, SignUpError> {
    let blocked = choose_password::check(service, namespace, &email, &password).await;
    if let Some(blocked) = blocked.map_err(SignUpError::Fault)? {
        return Err(SignUpError::PasswordBlocked(blocked));
    }
    let mut dues = vec![Due::pace(Limit::SignUpAddress, origin.source_key(), service.limits.sign_up_address)];
    let mails = mails(namespace, &email, origin);
    if mails.is_some() {
        // A sign-up is a mail that a stranger orders, to whomever.
        let key = limits::account_digest(service, namespace, &email);
        let (budget, of_all) = (namespace.forgot_password_budget, service.limits.namespace_mail);
        dues.push(Due::pace(Limit::Verification, key, budget));
        dues.push(Due::pace(Limit::NamespaceMail, namespace.limit_key(), of_all));
    }
    let is_secret = mails.is_some();
    let paid = Reservation::of(service, dues).await?;
    let new = Wanted { email, password, mails, audit: origin.audit() };
    let made = make_account(service, namespace, new).await;
    match &made {
        Ok(_) | Err(SignUpError::EmailTaken | SignUpError::Limited(_) | SignUpError::PasswordBlocked(_)) => {
            paid.keep();
        }
        Err(SignUpError::Busy(_) | SignUpError::Fault(_)) => paid.release().await,
    }
    let (id, outcome) = made?;
    match outcome {
        SignUpOutcome::EmailTaken if !is_secret => Err(SignUpError::EmailTaken),
        SignUpOutcome::EmailTaken | SignUpOutcome::Created(_) => Ok(SignedUp { id }),
    }
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
) -> Result<(UserId, SignUpOutcome), SignUpError> {
    let permit = service.hasher.admit().map_err(|full| {
        service.telemetry.count(Signal::HashQueueFull);
        SignUpError::Busy(full)
    })?;
    let Wanted { email, password, mails, audit } = wanted;
    let id = UserId::new(service.new_uuid());
    let hashed = service.hasher.hash(permit, &namespace.name, id, password).await;
    let password = hashed.map_err(SignUpError::Fault)?;
    let new = NewAccount { id, namespace: namespace.name.clone(), email, password, mails, audit };
    Ok((id, service.store.sign_up(new).await.map_err(SignUpError::Fault)?))
}
