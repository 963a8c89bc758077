//! The demo account of the published samples, so that every printed snippet works as it stands.

use anyhow::Context as _;
use app::audit::AuditContext;
use app::operate_account::verify_email;
use app::ports::store::SignUpOutcome;
use app::service::Service;
use app::sign_up::{SignUpError, Wanted, make_account};
use domain::account::EmailVerification;
use domain::email_address::EmailAddress;
use domain::namespace::NamespaceName;
use domain::password::Password;

/// The namespace of the demo account.
pub const DEMO_NAMESPACE: &str = "co";
/// The address of the demo account.
pub const DEMO_EMAIL: &str = "owner@minbil.io";
/// Its password, known to everybody: the account exists in development mode alone.
pub const DEMO_PASSWORD: &str = "StrongPass123!";

/// Makes the demo account if it does not exist. One whose password was changed stays as it is.
///
/// # Errors
/// When the namespace is not configured or the store fails.
pub async fn ensure_account(service: &Service) -> anyhow::Result<()> {
    let name = NamespaceName::parse(DEMO_NAMESPACE)?;
    let namespace = service.namespaces.get(&name).context("--demo needs the namespace co")?;
    let email = EmailAddress::parse(DEMO_EMAIL)?;
    let password = Password::chosen(DEMO_PASSWORD.to_owned(), namespace.password_min)?;
    let wanted = Wanted { email, password, mails: None, audit: AuditContext::operator() };
    match make_account(service, namespace, wanted).await {
        Ok(SignUpOutcome::EmailTaken) => Ok(()),
        Ok(SignUpOutcome::Created(user)) => match namespace.email_verification {
            EmailVerification::Off => Ok(()),
            // Nobody reads its mailbox.
            EmailVerification::Required => {
                verify_email(service, namespace, &user).await.map(drop).map_err(Into::into)
            }
        },
        Err(
            SignUpError::Busy(_)
            | SignUpError::Limited(_)
            | SignUpError::PasswordBlocked(_)
            | SignUpError::EmailTaken
            | SignUpError::Idempotency(_),
        ) => {
            anyhow::bail!("the hashing pool has no room for the demo account")
        }
        Err(SignUpError::Fault(fault)) => Err(fault).context("cannot make the demo account"),
    }
}
