//! A signed-in user changes the password. Every session ends, the calling one too, because whoever copied
//! its tokens must be out; the caller gets a fresh session in the same answer.

use crate::authenticate::Caller;
use crate::fault::Fault;
use crate::outbox::{MailOrder, MailSubject, Notice};
use crate::ports::password_hasher::{QueueFull, Verification};
use crate::ports::store::{AccountChange, Credential, SetPassword};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use crate::sign_in::{self, SignInError, SignedIn};
use crate::tokens::{self, Carriage};
use domain::password::Password;
use domain::session::RevokeReason;

/// Why the password is still the old one.
#[derive(Debug)]
pub enum ChangePasswordError {
    /// The current password is wrong.
    WrongPassword,
    /// The credential changed meanwhile, by another client or an operator.
    CredentialChanged,
    /// The hashing queue is full.
    Busy(QueueFull),
    /// A dependency failed.
    Fault(Fault),
}

impl From<Fault> for ChangePasswordError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The two passwords of a change.
pub struct PasswordChange {
    /// The one that holds until now.
    pub current: Password,
    /// The one that holds from now on.
    pub new: Password,
}

/// Changes the password and signs the caller in anew.
///
/// # Errors
/// Why it is still the old one. (A failure after the change shows as `Fault`: the new password holds then.)
pub async fn change_password(
    service: &Service,
    namespace: &Namespace,
    caller: &Caller,
    change: PasswordChange,
    with_cookie: bool,
    origin: &Origin,
) -> Result<SignedIn, ChangePasswordError> {
    let user = caller.user.id;
    let credential = service.store.find_credential_of(&namespace.name, user).await?;
    let credential = credential.ok_or(ChangePasswordError::CredentialChanged)?;
    let permit = admit(service)?;
    let stored = credential.password.clone();
    let verified = service.hasher.verify(permit, &namespace.name, user, change.current, stored).await?;
    if !verified.matches {
        service.store.record_refused_sign_in(&namespace.name, user, origin.audit()).await?;
        return Err(ChangePasswordError::WrongPassword);
    }
    let password = service.hasher.hash(admit(service)?, &namespace.name, user, change.new).await?;
    let set = SetPassword {
        namespace: namespace.name.clone(),
        user,
        expected_epoch: Some(credential.epoch),
        password: password.clone(),
        reason: RevokeReason::PasswordChanged,
        notice: Some(MailOrder {
            namespace: namespace.name.clone(),
            locale: origin.locale_or(namespace),
            subject: MailSubject::Notice { user, notice: Notice::PasswordChanged },
        }),
        audit: origin.audit(),
    };
    let AccountChange::Done(changed) = service.store.set_password(set).await? else {
        return Err(ChangePasswordError::CredentialChanged);
    };
    let epoch = changed.credential_epoch;
    let credential = Credential { password, epoch, ..credential };
    let verified = Verification { matches: true, replacement: None };
    let opened =
        sign_in::open(service, namespace, &credential, verified, origin).await.map_err(|e| match e {
            SignInError::Fault(fault) => ChangePasswordError::Fault(fault),
            SignInError::Busy(full) => ChangePasswordError::Busy(full),
            SignInError::InvalidCredentials | SignInError::AccountDisabled => {
                ChangePasswordError::CredentialChanged
            }
        })?;
    let carriage = Carriage::SignIn { with_cookie };
    let tokens = tokens::grant(service, namespace, &opened.session, carriage, opened.now)?;
    Ok(SignedIn { user: opened.user, tokens })
}

fn admit(service: &Service) -> Result<crate::ports::password_hasher::HashPermit, ChangePasswordError> {
    service.hasher.admit().map_err(|full| {
        service.telemetry.count(Signal::HashQueueFull);
        ChangePasswordError::Busy(full)
    })
}
