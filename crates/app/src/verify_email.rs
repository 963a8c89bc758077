//! Verify an address with a mailed token. It works once, and changes nothing but that the address counts as proved: it
//! signs nobody in and ends no session.

use crate::fault::Fault;
use crate::limits::{Due, LimitError, Limited, Reservation};
use crate::ports::limiter::Limit;
use crate::ports::store::{AccountChange, MailboxProof, VerifyEmail};
use crate::service::{Namespace, Origin, Service};
use domain::account::User;
use domain::ids::UserId;
use domain::secret::SecretText;
use domain::verification_token::VerificationToken;

/// Why the address is not proved.
#[derive(Debug)]
pub enum VerifyEmailError {
    /// Not one of our tokens, or used, or void since a newer one was mailed or the credential changed. One answer for all.
    TokenInvalid,
    /// A genuine token whose time is over.
    TokenExpired,
    /// Too many wrong tokens have come from this network address.
    Limited(Limited),
    /// A dependency failed.
    Fault(Fault),
}

impl From<Fault> for VerifyEmailError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<LimitError> for VerifyEmailError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Limited(limited) => Self::Limited(limited),
            LimitError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Marks the address of an account as proved.
///
/// # Errors
/// Why it is not.
pub async fn verify_email(
    service: &Service,
    namespace: &Namespace,
    token: &SecretText,
    origin: &Origin,
) -> Result<User, VerifyEmailError> {
    // Wrong mailed tokens are one kind of guess, whatever they are for.
    let due = Due::pace(Limit::ResetAddress, origin.source_key(), service.limits.reset_address);
    let paid = Reservation::of(service, [due]).await?;
    let verified = redeem(service, namespace, token, origin).await;
    match &verified {
        Ok(_) => drop(paid.succeed().await),
        Err(VerifyEmailError::Fault(_)) => paid.release().await,
        Err(
            VerifyEmailError::TokenInvalid | VerifyEmailError::TokenExpired | VerifyEmailError::Limited(_),
        ) => {
            paid.keep();
        }
    }
    verified
}

async fn redeem(
    service: &Service,
    namespace: &Namespace,
    token: &SecretText,
    origin: &Origin,
) -> Result<User, VerifyEmailError> {
    let (user, proof) = check_token(service, namespace, token).await?;
    let verify =
        VerifyEmail { namespace: namespace.name.clone(), user, proof: Some(proof), audit: origin.audit() };
    match service.store.verify_email(verify).await? {
        AccountChange::Done(user) => Ok(user),
        AccountChange::Refused => Err(VerifyEmailError::TokenInvalid),
    }
}

/// What a token proves, if it is genuine and live. The MAC covers the address and the credential's epoch, so it can only
/// be checked after the row was read.
async fn check_token(
    service: &Service,
    namespace: &Namespace,
    text: &SecretText,
) -> Result<(UserId, MailboxProof), VerifyEmailError> {
    let (token, tag) = VerificationToken::decode(text.expose()).ok_or(VerifyEmailError::TokenInvalid)?;
    let stored = service.store.find_verification(&namespace.name, token.user).await?;
    let stored = stored.ok_or(VerifyEmailError::TokenInvalid)?;
    let user = stored.user;
    let message = token.signed_bytes(&namespace.name, &user.email, user.credential_epoch);
    let is_genuine = service.macs.is_genuine(token.key, &message, &tag);
    if !is_genuine || user.email_verified || stored.newest != Some(token.verification) {
        return Err(VerifyEmailError::TokenInvalid);
    }
    if stored.now >= token.expires_at {
        return Err(VerifyEmailError::TokenExpired);
    }
    let proof = MailboxProof {
        verification: token.verification,
        epoch: user.credential_epoch,
        expires_at: token.expires_at,
    };
    Ok((user.id, proof))
}
