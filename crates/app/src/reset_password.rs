//! Reset the password with a mailed token. Works once; all sessions end; the owner is told.

use crate::choose_password::{self, PasswordBlocked};
use crate::fault::Fault;
use crate::limits::{self, Due, LimitError, Limited, Reservation};
use crate::outbox::{MailOrder, MailSubject, Notice};
use crate::ports::limiter::Limit;
use crate::ports::password_hasher::QueueFull;
use crate::ports::store::{AccountChange, PendingReset, RedeemReset};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use crate::tokens::CookieGrant;
use domain::account::User;
use domain::password::Password;
use domain::reset_token::ResetToken;
use domain::secret::SecretText;

/// Why the password is still the old one.
#[derive(Debug)]
pub enum ResetPasswordError {
    /// Not one of our tokens, or used, or void since the credential changed. One answer for all.
    TokenInvalid,
    /// A genuine token whose time is over.
    TokenExpired,
    /// The password is one that everybody tries. The token still works.
    PasswordBlocked(PasswordBlocked),
    /// Too many wrong tokens have come from this network address.
    Limited(Limited),
    /// The hashing queue is full.
    Busy(QueueFull),
    /// A dependency failed.
    Fault(Fault),
}

impl From<Fault> for ResetPasswordError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<LimitError> for ResetPasswordError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Limited(limited) => Self::Limited(limited),
            LimitError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// A password that was reset.
#[derive(Clone)]
pub struct PasswordReset {
    /// Whose.
    pub user: User,
    /// What the device shows from now on to be known: who can read the owner's mail is no stranger.
    pub device: Option<CookieGrant>,
}

/// Resets the password. It works however many strangers have failed to sign in, and their row of failures ends.
///
/// # Errors
/// Why it is still the old one.
pub async fn reset_password(
    service: &Service,
    namespace: &Namespace,
    token: &SecretText,
    password: Password,
    origin: &Origin,
) -> Result<PasswordReset, ResetPasswordError> {
    let due = Due::pace(Limit::ResetAddress, origin.source_key(), service.limits.reset_address);
    let paid = Reservation::of(service, [due]).await?;
    let reset = redeem(service, namespace, token, password, origin).await;
    match &reset {
        Ok(_) => drop(paid.succeed().await),
        Err(
            ResetPasswordError::Busy(_)
            | ResetPasswordError::Fault(_)
            | ResetPasswordError::PasswordBlocked(_),
        ) => paid.release().await,
        Err(
            ResetPasswordError::TokenInvalid
            | ResetPasswordError::TokenExpired
            | ResetPasswordError::Limited(_),
        ) => paid.keep(),
    }
    let user = reset?;
    let account = limits::account_digest(service, namespace, &user.email);
    limits::forgive(service, &account).await;
    let known = limits::known(service, namespace, &account, origin.device);
    let device = limits::remember(service, namespace, &account, known);
    Ok(PasswordReset { user, device })
}

async fn redeem(
    service: &Service,
    namespace: &Namespace,
    token: &SecretText,
    password: Password,
    origin: &Origin,
) -> Result<User, ResetPasswordError> {
    let pending = check_token(service, namespace, token).await?;
    if let Some(blocked) = choose_password::check(service, namespace, &pending.email, &password).await? {
        return Err(ResetPasswordError::PasswordBlocked(blocked));
    }
    let permit = service.hasher.admit().map_err(|full| {
        service.telemetry.count(Signal::HashQueueFull);
        ResetPasswordError::Busy(full)
    })?;
    let password = service.hasher.hash(permit, &namespace.name, pending.user, password).await?;
    let redeem = RedeemReset {
        namespace: namespace.name.clone(),
        reset: pending.id,
        user: pending.user,
        expected_epoch: pending.epoch,
        password,
        notice: MailOrder {
            namespace: namespace.name.clone(),
            locale: origin.locale_or(namespace),
            subject: MailSubject::Notice { user: pending.user, notice: Notice::PasswordReset },
        },
        audit: origin.audit(),
    };
    match service.store.redeem_reset(redeem).await? {
        AccountChange::Done(user) => Ok(user),
        AccountChange::Refused => Err(ResetPasswordError::TokenInvalid),
    }
}

/// The reset that a token belongs to, if the token is genuine and live. The MAC covers the user and the
/// credential's epoch, so it can only be checked after the row was read.
async fn check_token(
    service: &Service,
    namespace: &Namespace,
    text: &SecretText,
) -> Result<PendingReset, ResetPasswordError> {
    let (token, tag) = ResetToken::decode(text.expose()).ok_or(ResetPasswordError::TokenInvalid)?;
    let stored = service.store.find_reset(&namespace.name, token.reset).await?;
    let stored = stored.ok_or(ResetPasswordError::TokenInvalid)?;
    let pending = &stored.pending;
    let message = token.signed_bytes(&namespace.name, pending.user, pending.epoch);
    let is_genuine = service.macs.is_genuine(token.key, &message, &tag);
    // The expiry in the row decides: it moved if an earlier link surely never left.
    if !is_genuine || stored.is_void || token.expires_at != pending.expires_at {
        return Err(ResetPasswordError::TokenInvalid);
    }
    if stored.now >= pending.expires_at {
        return Err(ResetPasswordError::TokenExpired);
    }
    Ok(stored.pending)
}
