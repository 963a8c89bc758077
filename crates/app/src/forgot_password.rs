//! Forgot password: one order into the outbox, whoever asks.
//!
//! Nothing here looks the address up. Whether it has an account is the worker's to find out, long after the
//! answer: neither the answer nor its time can tell. (ASVS 6.3.8, CWE-204)

use crate::fault::Fault;
use crate::outbox::{MailOrder, MailSubject};
use crate::ports::limiter::{Charged, Limit};
use crate::service::{Namespace, Origin, Service};
use domain::email_address::EmailAddress;
use std::time::Duration;

/// Why no mail is ordered.
#[derive(Debug)]
pub enum ForgotPasswordError {
    /// The target is not on the namespace's list.
    RedirectNotAllowed,
    /// This address has had its mails for now, whether or not it has an account.
    Limited {
        /// When to ask again.
        retry_after: Duration,
    },
    /// A dependency failed.
    Fault(Fault),
}

impl From<Fault> for ForgotPasswordError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Orders a reset mail. Without a target the link leads to the server's own page.
///
/// # Errors
/// Why none is ordered.
pub async fn forgot_password(
    service: &Service,
    namespace: &Namespace,
    email: EmailAddress,
    redirect_to: Option<&str>,
    origin: &Origin,
) -> Result<(), ForgotPasswordError> {
    let redirect = match redirect_to {
        None => &namespace.reset_page,
        Some(text) => namespace.redirects.find(text).ok_or(ForgotPasswordError::RedirectNotAllowed)?,
    };
    let key = service.macs.limiter_key(&namespace.name, &email);
    let charged =
        service.limiter.charge(Limit::ForgotPassword, key, namespace.forgot_password_budget).await?;
    if let Charged::Refused { retry_after } = charged {
        return Err(ForgotPasswordError::Limited { retry_after });
    }
    let order = MailOrder {
        namespace: namespace.name.clone(),
        locale: origin.locale_or(namespace),
        subject: MailSubject::ForgotPassword { email, redirect: redirect.clone() },
    };
    service.store.order_mail(order, origin.audit()).await?;
    Ok(())
}
