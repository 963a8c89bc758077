//! Resend verification: one order into the outbox, whoever asks, as in `forgot_password`. Nothing here looks the address
//! up: neither the answer nor its time can tell whether it has an account, or one that waits for its proof. (ASVS 6.3.8,
//! CWE-204)

use crate::fault::Fault;
use crate::limits::{self, Due, LimitError, Limited, Reservation};
use crate::outbox::{MailOrder, MailSubject};
use crate::ports::limiter::Limit;
use crate::service::{Namespace, Origin, Service};
use domain::email_address::EmailAddress;

/// Why no mail is ordered.
#[derive(Debug)]
pub enum ResendVerificationError {
    /// The target is not on the namespace's list.
    RedirectNotAllowed,
    /// This address has had its mails for now, whether or not it has an account; or whoever asks has asked enough.
    Limited(Limited),
    /// A dependency failed.
    Fault(Fault),
}

impl From<Fault> for ResendVerificationError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<LimitError> for ResendVerificationError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Limited(limited) => Self::Limited(limited),
            LimitError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Orders a verification mail. Without a target the link leads to the server's own page.
///
/// # Errors
/// Why none is ordered.
pub async fn resend_verification(
    service: &Service,
    namespace: &Namespace,
    email: EmailAddress,
    redirect_to: Option<&str>,
    origin: &Origin,
) -> Result<(), ResendVerificationError> {
    let redirect = match redirect_to {
        None => &namespace.verify_page,
        Some(text) => {
            namespace.verify_redirects.find(text).ok_or(ResendVerificationError::RedirectNotAllowed)?
        }
    };
    let key = limits::account_digest(service, namespace, &email);
    let (asker, budget) = (origin.source_key(), service.limits.forgot_password_address);
    let dues = [
        Due::pace(Limit::VerificationAddress, asker, budget),
        Due::pace(Limit::Verification, key, namespace.forgot_password_budget),
        Due::pace(Limit::NamespaceMail, namespace.limit_key(), service.limits.namespace_mail),
    ];
    let paid = Reservation::of(service, dues).await?;
    let order = MailOrder {
        namespace: namespace.name.clone(),
        locale: origin.locale_or(namespace),
        subject: MailSubject::VerifyEmail { email, redirect: redirect.clone() },
    };
    if let Err(fault) = service.store.order_mail(order, origin.audit()).await {
        paid.release().await;
        return Err(fault.into());
    }
    paid.keep();
    Ok(())
}
