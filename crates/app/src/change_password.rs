//! A signed-in user changes the password. Every session ends, the calling one too, because whoever copied
//! its tokens must be out; the caller gets a fresh session in the same answer.

use crate::authenticate::Caller;
use crate::choose_password::{self, PasswordBlocked};
use crate::fault::Fault;
use crate::limits::{Due, LimitError, Limited, Reservation};
use crate::outbox::{MailOrder, MailSubject, Notice};
use crate::ports::limiter::{Limit, LimitKey};
use crate::ports::password_hasher::{QueueFull, Verification};
use crate::ports::store::{AccountChange, Credential, SetPassword};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use crate::sign_in::{self, Begun, SignInError, SignedIn};
use crate::tokens::{self, Carriage};
use domain::ids::{SessionId, UserId};
use domain::password::Password;
use domain::session::RevokeReason;

/// Why the password is still the old one.
#[derive(Debug)]
pub enum ChangePasswordError {
    /// The current password is wrong.
    WrongPassword,
    /// The credential changed meanwhile, by another client or an operator.
    CredentialChanged,
    /// The new password is one that everybody tries.
    PasswordBlocked(PasswordBlocked),
    /// The current password was wrong too often in a row.
    Limited(Limited),
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

impl From<LimitError> for ChangePasswordError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Limited(limited) => Self::Limited(limited),
            LimitError::Fault(fault) => Self::Fault(fault),
        }
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
    let email = &caller.user.email;
    if let Some(blocked) = choose_password::check(service, namespace, email, &change.new).await? {
        return Err(ChangePasswordError::PasswordBlocked(blocked));
    }
    let credential = check_current(service, namespace, user, change.current, origin).await?;
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
    let begun = Begun { session: SessionId::new(service.new_uuid()), notice: None };
    let opened = sign_in::open(service, namespace, (&credential, verified), begun, origin).await.map_err(
        |e| match e {
            SignInError::Fault(fault) => ChangePasswordError::Fault(fault),
            SignInError::Busy(full) => ChangePasswordError::Busy(full),
            SignInError::InvalidCredentials | SignInError::AccountDisabled | SignInError::Limited(_) => {
                ChangePasswordError::CredentialChanged
            }
        },
    )?;
    let carriage = Carriage::SignIn { with_cookie };
    let tokens = tokens::grant(service, namespace, &opened.session, carriage, opened.now)?;
    Ok(SignedIn { user: opened.user, tokens, device: None })
}

/// The credential, if this is its password. Whoever holds a stolen access token gets no more guesses here than at
/// sign-in.
async fn check_current(
    service: &Service,
    namespace: &Namespace,
    user: UserId,
    current: Password,
    origin: &Origin,
) -> Result<Credential, ChangePasswordError> {
    let due = Due::row(Limit::CurrentPassword, user_key(user), service.limits.sign_in_device);
    let paid = Reservation::of(service, [due]).await?;
    let (credential, is_right) = match verify(service, namespace, user, current).await {
        Ok(verified) => verified,
        Err(error) => {
            paid.release().await;
            return Err(error);
        }
    };
    if is_right {
        paid.succeed().await;
        return Ok(credential);
    }
    paid.keep();
    service.store.record_refused_sign_in(&namespace.name, user, origin.audit()).await?;
    Err(ChangePasswordError::WrongPassword)
}

async fn verify(
    service: &Service,
    namespace: &Namespace,
    user: UserId,
    password: Password,
) -> Result<(Credential, bool), ChangePasswordError> {
    let credential = service.store.find_credential_of(&namespace.name, user).await?;
    let credential = credential.ok_or(ChangePasswordError::CredentialChanged)?;
    let stored = credential.password.clone();
    let verified = service.hasher.verify(admit(service)?, &namespace.name, user, password, stored).await?;
    Ok((credential, verified.matches))
}

/// A user's id is no address and no secret, so it stands for itself.
fn user_key(user: UserId) -> LimitKey {
    let mut key = [0; 32];
    key[..16].copy_from_slice(user.uuid().as_bytes());
    key
}

fn admit(service: &Service) -> Result<crate::ports::password_hasher::HashPermit, ChangePasswordError> {
    service.hasher.admit().map_err(|full| {
        service.telemetry.count(Signal::HashQueueFull);
        ChangePasswordError::Busy(full)
    })
}
