//! What every new password must pass beside its length, wherever it is chosen (ASVS 6.2.4, 6.2.11, 6.2.12). An old one
//! is never asked: a rule about new passwords must not lock anybody out.

use crate::fault::Fault;
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Service};
use domain::email_address::EmailAddress;
use domain::password::Password;
use domain::password_context::is_context;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordBlocked {
    /// It is on the list of those that were found in breaches.
    #[error("This password has been found in breaches of other services. Choose another one.")]
    Breached,
    /// It is little more than the address or the product's name.
    #[error(
        "This password is little more than the email address or the name of the service. Choose another one."
    )]
    Context,
}

/// Whether a new password may be used for the account of this address.
///
/// # Errors
/// When the list cannot be read.
pub(crate) async fn check(
    service: &Service,
    namespace: &Namespace,
    email: &EmailAddress,
    password: &Password,
) -> Result<Option<PasswordBlocked>, Fault> {
    let blocked = if is_context(password, email, &namespace.context_words) {
        Some(PasswordBlocked::Context)
    } else if service.blocklist.holds(password).await? {
        Some(PasswordBlocked::Breached)
    } else {
        None
    };
    if blocked.is_some() {
        service.telemetry.count(Signal::PasswordBlocked);
    }
    Ok(blocked)
}
