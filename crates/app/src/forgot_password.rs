//! Forgot password: one order into the outbox, whoever asks.
//!
//! Nothing here looks the address up. Whether it has an account is the worker's to find out, long after the
//! answer: neither the answer nor its time can tell. (ASVS 6.3.8, CWE-204)

use crate::fault::Fault;
use crate::idempotency::{self, Begun, IdempotencyError};
use crate::limits::{self, Due, LimitError, Limited, Reservation};
use crate::outbox::{MailOrder, MailSubject};
use crate::ports::limiter::Limit;
use crate::ports::store::{OnceAnswer, OnceOutcome};
use crate::service::{Namespace, Origin, Service};
use domain::email_address::EmailAddress;
use domain::idempotency::{IdempotencyKey, OnceCall};

/// Why no mail is ordered.
#[derive(Debug)]
pub enum ForgotPasswordError {
    /// The target is not on the namespace's list.
    RedirectNotAllowed,
    /// It is not to be carried out under this `Idempotency-Key`.
    Idempotency(IdempotencyError),
    /// This address has had its mails for now, whether or not it has an account; or whoever asks has asked enough.
    Limited(Limited),
    /// A dependency failed.
    Fault(Fault),
}

impl From<Fault> for ForgotPasswordError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<IdempotencyError> for ForgotPasswordError {
    fn from(error: IdempotencyError) -> Self {
        Self::Idempotency(error)
    }
}

impl From<LimitError> for ForgotPasswordError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Limited(limited) => Self::Limited(limited),
            LimitError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Orders a reset mail; once, if it comes with a key. Without a target the link leads to the server's own page.
///
/// # Errors
/// Why none is ordered.
pub async fn forgot_password(
    service: &Service,
    namespace: &Namespace,
    email: EmailAddress,
    redirect_to: Option<&str>,
    key: Option<&IdempotencyKey>,
    origin: &Origin,
) -> Result<(), ForgotPasswordError> {
    let redirect = match redirect_to {
        None => &namespace.reset_page,
        Some(text) => namespace.redirects.find(text).ok_or(ForgotPasswordError::RedirectNotAllowed)?,
    };
    let body = [email.as_str().as_bytes(), redirect.as_str().as_bytes()];
    let attempt = match idempotency::begin(service, namespace, OnceCall::ForgotPassword, key, &body).await? {
        Begun::Before(answer) => return again(answer),
        Begun::Now(attempt) => attempt,
    };
    let account = limits::account_digest(service, namespace, &email);
    let (asker, budget) = (origin.source_key(), service.limits.forgot_password_address);
    let dues = [
        Due::pace(Limit::ForgotPasswordAddress, asker, budget),
        Due::pace(Limit::ForgotPassword, account, namespace.forgot_password_budget),
        Due::pace(Limit::NamespaceMail, namespace.limit_key(), service.limits.namespace_mail),
    ];
    let paid = Reservation::of(service, dues).await?;
    let order = MailOrder {
        namespace: namespace.name.clone(),
        locale: origin.locale_or(namespace),
        subject: MailSubject::ForgotPassword { email, redirect: redirect.clone() },
    };
    let ordered = match attempt.once() {
        None => service.store.order_mail(order, origin.audit()).await.map(OnceOutcome::Now),
        Some(once) => service.store.order_mail_once(order, once, origin.audit()).await,
    };
    match ordered {
        Ok(OnceOutcome::Now(_)) => {
            paid.keep();
            Ok(())
        }
        // Another server was faster with the same call, and it was paid for there.
        Ok(OnceOutcome::Before(record)) => {
            paid.release().await;
            again(attempt.before(&record)?)
        }
        Err(fault) => {
            paid.release().await;
            Err(fault.into())
        }
    }
}

/// The answer that was given before.
fn again(answer: OnceAnswer) -> Result<(), ForgotPasswordError> {
    match answer {
        OnceAnswer::MailOrdered => Ok(()),
        OnceAnswer::SignedUp(_) | OnceAnswer::EmailTaken | OnceAnswer::PasswordChanged { .. } => {
            Err(idempotency::foreign_answer().into())
        }
    }
}
