//! A signed-in user changes the password. Every session ends, the calling one too, because whoever copied
//! its tokens must be out; the caller gets a fresh session in the same answer.

use crate::authenticate::Caller;
use crate::choose_password::{self, PasswordBlocked};
use crate::credentials::HeaderText;
use crate::fault::Fault;
use crate::idempotency::{self, Begun, IdempotencyError};
use crate::limits::{Due, LimitError, Limited, Reservation};
use crate::outbox::{MailOrder, MailSubject, Notice};
use crate::ports::limiter::{Limit, LimitKey};
use crate::ports::password_hasher::{HashPermit, QueueFull};
use crate::ports::store::{
    AccountChange, Credential, NewEvent, Once, OnceAnswer, OnceOutcome, OpenedSession, SessionView,
    SetPassword,
};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use crate::sign_in::{self, NewSession, SignInError, SignedIn};
use crate::tokens::{self, Carriage};
use domain::account::CredentialEpoch;
use domain::event::EventKind;
use domain::idempotency::{IdempotencyKey, OnceCall};
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
    /// It is not to be carried out under this `Idempotency-Key`.
    Idempotency(IdempotencyError),
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

impl From<IdempotencyError> for ChangePasswordError {
    fn from(error: IdempotencyError) -> Self {
        Self::Idempotency(error)
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

/// The two passwords of a change, and the key under which it happens once.
pub struct PasswordChange {
    /// The one that holds until now.
    pub current: Password,
    /// The one that holds from now on.
    pub new: Password,
    /// The client's key, if it gave one.
    pub key: Option<IdempotencyKey>,
}

/// Changes the password and signs the caller in anew; once, if it comes with a key.
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
    let attempt = match begin(service, namespace, user, &change).await? {
        Begun::Now(attempt) => attempt,
        // The caller was read before the first call ended its session.
        Begun::Before(answer) => {
            let changed = changed(user, answer)?;
            return sign_in_anew(service, namespace, changed, with_cookie, origin).await;
        }
    };
    let credential = check_current(service, namespace, caller, change.current, origin).await?;
    let set = set_password(service, namespace, credential, change.new, origin).await?;
    let session = SessionId::new(service.new_uuid());
    let changed = match submit(service, set, attempt.once(), session).await? {
        OnceOutcome::Now(AccountChange::Done(user)) => {
            Changed { user: user.id, epoch: user.credential_epoch, session }
        }
        OnceOutcome::Now(AccountChange::Refused) => return Err(ChangePasswordError::CredentialChanged),
        OnceOutcome::Before(record) => changed(user, attempt.before(&record)?)?,
    };
    sign_in_anew(service, namespace, changed, with_cookie, origin).await
}

/// Answers a change again whose first answer was lost. Its client still holds an access token of a session that the change has
/// ended, which lets nobody in; so it counts here alone, and only beside the same key and the same two passwords.
/// `None` if there was no such change.
///
/// # Errors
/// Why it cannot be answered again.
pub async fn repeat_change(
    service: &Service,
    namespace: &Namespace,
    header: &HeaderText,
    change: &PasswordChange,
    with_cookie: bool,
    origin: &Origin,
) -> Result<Option<SignedIn>, ChangePasswordError> {
    let HeaderText::Bearer(text) = header else { return Ok(None) };
    let claims = service.access_tokens.read(&namespace.name, text.expose());
    let Some(claims) = claims.filter(|claims| claims.is_unexpired(service.clock.now())) else {
        return Ok(None);
    };
    let answer = match begin(service, namespace, claims.user, change).await {
        Ok(Begun::Before(answer)) => answer,
        Ok(Begun::Now(_)) | Err(IdempotencyError::Reused) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let changed = changed(claims.user, answer)?;
    sign_in_anew(service, namespace, changed, with_cookie, origin).await.map(Some)
}

async fn begin<'a>(
    service: &'a Service,
    namespace: &Namespace,
    user: UserId,
    change: &PasswordChange,
) -> Result<Begun<'a>, IdempotencyError> {
    let body = [change.current.expose(), change.new.expose()];
    idempotency::begin(service, namespace, OnceCall::ChangePassword(user), change.key.as_ref(), &body).await
}

/// A change that has happened, and the session that follows it.
struct Changed {
    user: UserId,
    epoch: CredentialEpoch,
    session: SessionId,
}

fn changed(user: UserId, answer: OnceAnswer) -> Result<Changed, ChangePasswordError> {
    match answer {
        OnceAnswer::PasswordChanged { session, epoch } => Ok(Changed { user, epoch, session }),
        OnceAnswer::SignedUp(_) | OnceAnswer::EmailTaken | OnceAnswer::MailOrdered => {
            Err(idempotency::foreign_answer().into())
        }
    }
}

async fn set_password(
    service: &Service,
    namespace: &Namespace,
    credential: Credential,
    new: Password,
    origin: &Origin,
) -> Result<SetPassword, ChangePasswordError> {
    let user = credential.user;
    Ok(SetPassword {
        namespace: namespace.name.clone(),
        user,
        expected_epoch: Some(credential.epoch),
        password: service.hasher.hash(admit(service)?, &namespace.name, user, new).await?,
        reason: RevokeReason::PasswordChanged,
        notice: Some(MailOrder {
            namespace: namespace.name.clone(),
            locale: origin.locale_or(namespace),
            subject: MailSubject::Notice { user, notice: Notice::PasswordChanged },
        }),
        audit: origin.audit(),
    })
}

async fn submit(
    service: &Service,
    set: SetPassword,
    once: Option<Once>,
    session: SessionId,
) -> Result<OnceOutcome<AccountChange>, Fault> {
    match once {
        None => service.store.set_password(set).await.map(OnceOutcome::Now),
        Some(once) => service.store.set_password_once(set, once, session).await,
    }
}

/// The tokens of the session that follows the change: opened now, or, when the call is repeated, as it stands.
async fn sign_in_anew(
    service: &Service,
    namespace: &Namespace,
    changed: Changed,
    with_cookie: bool,
    origin: &Origin,
) -> Result<SignedIn, ChangePasswordError> {
    let opened = match service.store.find_session(&namespace.name, changed.session).await? {
        Some(SessionView { session, user: Some(user), now }) if session.ended(now).is_none() => {
            OpenedSession { session, user, held_ended: false, now }
        }
        Some(_) => return Err(ChangePasswordError::CredentialChanged),
        None => open(service, namespace, changed, origin).await?,
    };
    let carriage = Carriage::SignIn { with_cookie };
    let tokens = tokens::grant(service, namespace, &opened.session, carriage, opened.now)?;
    Ok(SignedIn { user: opened.user, tokens, device: None, clear_cookie: false })
}

async fn open(
    service: &Service,
    namespace: &Namespace,
    changed: Changed,
    origin: &Origin,
) -> Result<OpenedSession, ChangePasswordError> {
    let owner = (changed.user, changed.epoch);
    let new = NewSession { id: changed.session, notice: None, held: None };
    let opened = sign_in::open_as(service, namespace, new, owner, None, origin).await;
    opened.map_err(|error| match error {
        SignInError::Fault(fault) => ChangePasswordError::Fault(fault),
        SignInError::Busy(full) => ChangePasswordError::Busy(full),
        SignInError::InvalidCredentials | SignInError::AccountDisabled | SignInError::Limited(_) => {
            ChangePasswordError::CredentialChanged
        }
    })
}

/// The credential, if this is its password. Whoever holds a stolen access token gets no more guesses here than at
/// sign-in.
async fn check_current(
    service: &Service,
    namespace: &Namespace,
    caller: &Caller,
    current: Password,
    origin: &Origin,
) -> Result<Credential, ChangePasswordError> {
    let user = caller.user.id;
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
    let refused = NewEvent {
        namespace: Some(namespace.name.clone()),
        user: Some(user),
        session: Some(caller.session.id),
        problem: Some("current_password_wrong".to_owned()),
        ..NewEvent::of(EventKind::PasswordChangeRefused, origin.audit())
    };
    service.store.record_events(vec![refused]).await?;
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

fn admit(service: &Service) -> Result<HashPermit, ChangePasswordError> {
    service.hasher.admit().map_err(|full| {
        service.telemetry.count(Signal::HashQueueFull);
        ChangePasswordError::Busy(full)
    })
}
