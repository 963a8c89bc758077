//! What an operator does to an account at the command line. Each is one write with an event whose actor is
//! the operator.

use crate::audit::AuditContext;
use crate::choose_password::{self, PasswordBlocked};
use crate::fault::Fault;
use crate::ports::password_hasher::SealedPassword;
use crate::ports::store::{AccountChange, NewAccount, SetPassword, SignUpOutcome, VerifyEmail};
use crate::service::{Namespace, Service};
use domain::account::User;
use domain::email_address::EmailAddress;
use domain::ids::UserId;
use domain::password::Password;
use domain::session::RevokeReason;

/// A password for an account: typed, or a hash brought along from elsewhere.
pub enum NewPassword {
    /// Typed.
    Plain(Password),
    /// A PHC Argon2id or a bcrypt hash. It verifies as it is and is replaced at the next sign-in.
    Hash(String),
}

/// Why an operator's change was not made.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// The password is one that everybody tries.
    #[error(transparent)]
    PasswordBlocked(#[from] PasswordBlocked),
    /// The hash cannot be used.
    #[error("this hash cannot be used: {0}")]
    Hash(String),
    /// The hashing queue is full.
    #[error("the hashing queue is full")]
    Busy,
    /// A dependency failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Makes an account.
///
/// # Errors
/// Why it was not made; a taken address is an outcome.
pub async fn add_account(
    service: &Service,
    namespace: &Namespace,
    email: EmailAddress,
    password: NewPassword,
) -> Result<SignUpOutcome, OperateError> {
    let id = UserId::new(service.new_uuid());
    let password = seal(service, namespace, id, &email, password).await?;
    let audit = AuditContext::operator();
    let new = NewAccount { id, namespace: namespace.name.clone(), email, password, mails: None, audit };
    Ok(service.store.sign_up(new).await?)
}

/// Sets a password and ends every session, whatever happened to the credential meanwhile.
///
/// # Errors
/// Why it was not set; an unknown account is an outcome.
pub async fn set_password(
    service: &Service,
    namespace: &Namespace,
    user: &User,
    password: NewPassword,
) -> Result<AccountChange, OperateError> {
    let password = seal(service, namespace, user.id, &user.email, password).await?;
    let set = SetPassword {
        namespace: namespace.name.clone(),
        user: user.id,
        expected_epoch: None,
        password,
        reason: RevokeReason::Operator,
        notice: None,
        audit: AuditContext::operator(),
    };
    Ok(service.store.set_password(set).await?)
}

/// Vouches for the address of an account, as if its owner had opened a mailed link.
///
/// # Errors
/// When the store fails; an unknown account is an outcome.
pub async fn verify_email(
    service: &Service,
    namespace: &Namespace,
    user: &User,
) -> Result<AccountChange, OperateError> {
    let namespace = namespace.name.clone();
    let verify = VerifyEmail { namespace, user: user.id, proof: None, audit: AuditContext::operator() };
    Ok(service.store.verify_email(verify).await?)
}

async fn seal(
    service: &Service,
    namespace: &Namespace,
    user: UserId,
    email: &EmailAddress,
    password: NewPassword,
) -> Result<SealedPassword, OperateError> {
    match password {
        NewPassword::Hash(text) => {
            service.hasher.import(&namespace.name, user, &text).map_err(OperateError::Hash)
        }
        NewPassword::Plain(password) => {
            if let Some(blocked) = choose_password::check(service, namespace, email, &password).await? {
                return Err(blocked.into());
            }
            let permit = service.hasher.admit().map_err(|_| OperateError::Busy)?;
            Ok(service.hasher.hash(permit, &namespace.name, user, password).await?)
        }
    }
}
