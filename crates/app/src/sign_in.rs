//! Sign in with address and password.
//!
//! An address without an account takes the same road as one with: a place in the hashing queue first, one
//! look-up that always finds a row, one verification, and only then a look at whether the row is real and
//! the account open. (ASVS 6.3.8; supabase/auth #2674 is what happens otherwise.)
//!
//! Every attempt pays before that: strangers with what their network address and the account have for strangers, a
//! device that signed in before with its own. What a stranger does cannot shut the owner's device out.

use crate::credentials::{self, BrowserCookie};
use crate::fault::Fault;
use crate::limits::{self, Due, LimitError, Limited, Reservation};
use crate::outbox::MailOrder;
use crate::ports::limiter::Limit;
use crate::ports::password_hasher::{QueueFull, SealedPassword, Verification};
use crate::ports::store::{Credential, HeldSession, OpenSession, OpenSessionOutcome, OpenedSession};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use crate::sign_in_notice::{self, Arrival};
use crate::tokens::{self, Carriage, CookieGrant, TokenGrant};
use domain::account::{AccountStatus, CredentialEpoch, User};
use domain::email_address::EmailAddress;
use domain::ids::{SessionId, UserId};
use domain::password::Password;
use domain::session::Salt;

/// What a refusal is recorded as: the code of the problem that its client is told.
const INVALID_CREDENTIALS: &str = "invalid_credentials";
const ACCOUNT_DISABLED: &str = "account_disabled";

/// Why nobody is signed in.
#[derive(Debug)]
pub enum SignInError {
    /// Address or password is wrong. One answer for both.
    InvalidCredentials,
    /// The password is right, but the account is switched off.
    AccountDisabled,
    /// Too many have failed, whether or not there is such an account.
    Limited(Limited),
    /// The hashing queue is full.
    Busy(QueueFull),
    /// A dependency failed.
    Fault(Fault),
}

impl From<Fault> for SignInError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<LimitError> for SignInError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Limited(limited) => Self::Limited(limited),
            LimitError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// A user who has just signed in.
#[derive(Clone)]
pub struct SignedIn {
    /// The user.
    pub user: User,
    /// Their tokens.
    pub tokens: TokenGrant,
    /// What the device shows the next time to be known; only a sign-in gives one.
    pub device: Option<CookieGrant>,
    /// Whether the browser's cookie is worthless now, and no other takes its place.
    pub clear_cookie: bool,
}

/// Signs in.
///
/// # Errors
/// Why nobody is signed in.
pub async fn sign_in(
    service: &Service,
    namespace: &Namespace,
    email: &EmailAddress,
    password: Password,
    cookie: &BrowserCookie,
    origin: &Origin,
) -> Result<SignedIn, SignInError> {
    let account = limits::account_digest(service, namespace, email);
    let known = limits::known(service, namespace, &account, origin.device);
    let strangers = || {
        let (by_address, by_account) = (service.limits.sign_in_address, service.limits.sign_in_account);
        vec![
            Due::pace(Limit::SignInAddress, origin.source_key(), by_address),
            Due::row(Limit::SignInAccount, account, by_account),
        ]
    };
    let own = |device: limits::KnownDevice| {
        service.telemetry.count(Signal::KnownDevice);
        vec![Due::row(Limit::SignInDevice, device.key, service.limits.sign_in_device)]
    };
    let paid = Reservation::of(service, known.map_or_else(strangers, own)).await?;
    let (credential, verified) = match check(service, namespace, email, password).await {
        Ok(checked) => checked,
        Err(error) => {
            paid.release().await;
            return Err(error);
        }
    };
    // An account whose address is not proved answers as if there were none: whoever has just signed up knows the password,
    // and any other answer would tell them that the address was free until then.
    let is_right = verified.matches && !credential.is_decoy;
    let may_know = is_right && namespace.email_verification.admits(credential.email_verified);
    if !may_know || credential.status == AccountStatus::Disabled {
        paid.keep();
        let problem = if may_know { ACCOUNT_DISABLED } else { INVALID_CREDENTIALS };
        let audit = origin.audit();
        service.store.record_refused_sign_in(&namespace.name, credential.user, problem, audit).await?;
        return Err(if may_know { SignInError::AccountDisabled } else { SignInError::InvalidCredentials });
    }
    let failures = paid.succeed().await;
    let session = SessionId::new(service.new_uuid());
    let arrival =
        Arrival { account: &account, credential: &credential, is_known: known.is_some(), failures, session };
    let notice = sign_in_notice::of(service, namespace, arrival, origin).await?;
    let owner = (credential.user, credential.epoch);
    // Nobody's cookie is looked at before a password was right, so that it makes no refusal slower.
    let held = credentials::held(service, namespace, cookie);
    let new = NewSession { id: session, notice, held };
    let opened = match open_as(service, namespace, new, owner, verified.replacement, origin).await {
        Err(SignInError::InvalidCredentials) => {
            // Overtaken by a change of the credential. Every attempt has its event (ASVS 16.3.1).
            let (user, audit) = (credential.user, origin.audit());
            service.store.record_refused_sign_in(&namespace.name, user, INVALID_CREDENTIALS, audit).await?;
            return Err(SignInError::InvalidCredentials);
        }
        opened => opened?,
    };
    let carriage = Carriage::SignIn { with_cookie: cookie.may_be_set };
    let tokens = tokens::grant(service, namespace, &opened.session, carriage, opened.now)?;
    let device = limits::remember(service, namespace, &account, known);
    let clear_cookie = opened.held_ended && tokens.cookie.is_none();
    Ok(SignedIn { user: opened.user, tokens, device, clear_cookie })
}

/// Verifies the password against what is stored for the address, or against the decoy.
async fn check(
    service: &Service,
    namespace: &Namespace,
    email: &EmailAddress,
    password: Password,
) -> Result<(Credential, Verification), SignInError> {
    // The place in the queue comes before the look-up: a full queue answers alike for every address.
    let permit = service.hasher.admit().map_err(|full| {
        service.telemetry.count(Signal::HashQueueFull);
        SignInError::Busy(full)
    })?;
    let credential = service.store.find_credential(&namespace.name, email).await?;
    let stored = credential.password.clone();
    let verified = service.hasher.verify(permit, &namespace.name, credential.user, password, stored).await?;
    Ok((credential, verified))
}

/// A session that is to begin.
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    /// What the owner is told of it.
    pub(crate) notice: Option<MailOrder>,
    /// What ends with its beginning.
    pub(crate) held: Option<HeldSession>,
}

/// Opens the session, unless its owner's credential has changed since that epoch.
pub(crate) async fn open_as(
    service: &Service,
    namespace: &Namespace,
    new: NewSession,
    (user, expected_epoch): (UserId, CredentialEpoch),
    rehash: Option<SealedPassword>,
    origin: &Origin,
) -> Result<OpenedSession, SignInError> {
    let mut salt = [0; 16];
    service.entropy.fill(&mut salt);
    let open = OpenSession {
        id: new.id,
        namespace: namespace.name.clone(),
        user,
        expected_epoch,
        salt: Salt(salt),
        mac_key: service.macs.current_key(),
        policy: namespace.sessions,
        client: origin.client.clone(),
        rehash,
        notice: new.notice,
        held: new.held,
        audit: origin.audit(),
    };
    match service.store.open_session(open).await? {
        OpenSessionOutcome::Opened(opened) => Ok(*opened),
        OpenSessionOutcome::CredentialChanged => Err(SignInError::InvalidCredentials),
    }
}
