//! Mailed password resets.

use super::accounts::AccountChange;
use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::outbox::MailOrder;
use crate::ports::password_hasher::SealedPassword;
use async_trait::async_trait;
use domain::account::CredentialEpoch;
use domain::email_address::EmailAddress;
use domain::ids::{OutboxId, ResetId, UserId};
use domain::namespace::NamespaceName;
use domain::refresh_token::MacKeyId;
use domain::time::UnixMillis;
use std::time::Duration;

/// A reset that a mail is to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingReset {
    /// Its id.
    pub id: ResetId,
    /// Whose password it resets.
    pub user: UserId,
    /// Where the mail goes: the stored address.
    pub email: EmailAddress,
    /// The epoch its token is bound to.
    pub epoch: CredentialEpoch,
    /// The key its token is made under.
    pub mac_key: MacKeyId,
    /// When its token stops working.
    pub expires_at: UnixMillis,
}

/// What became of preparing a reset for a claimed mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginReset {
    /// Send this one.
    Send(PendingReset),
    /// Send nothing: no active account has the address, or it has enough live resets, or its credential changed
    /// after an earlier attempt. A tombstone row was written, so that the write is the same.
    Nothing,
}

/// A stored reset, with what checking its token needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReset {
    /// The reset.
    pub pending: PendingReset,
    /// Whether it was used or voided.
    pub is_void: bool,
    /// The store's now.
    pub now: UnixMillis,
}

/// A mailed token to be used.
pub struct RedeemReset {
    /// The namespace.
    pub namespace: NamespaceName,
    /// The reset.
    pub reset: ResetId,
    /// The user it was found to belong to.
    pub user: UserId,
    /// The epoch its token was checked against.
    pub expected_epoch: CredentialEpoch,
    /// The new password.
    pub password: SealedPassword,
    /// The notice to the owner.
    pub notice: MailOrder,
    /// Who resets.
    pub audit: AuditContext,
}

/// Resets.
#[async_trait]
pub trait ResetStore: Send + Sync {
    /// Prepares the reset of a claimed `ForgotPassword` order. The first call makes the row with `expires_at` = now + `valid_for`.
    /// A later call for the same order gives the same row while an earlier attempt may have reached the mail
    /// server and the token still works; otherwise it moves `expires_at`.
    /// From this call on the attempt counts as one that may have reached it, until `finish_mail` says otherwise. At most
    /// [`domain::reset_token::LIVE_RESETS_MAX`] of an account live at once.
    async fn begin_reset(
        &self,
        order: OutboxId,
        mac_key: MacKeyId,
        valid_for: Duration,
    ) -> Result<BeginReset, Fault>;
    /// One reset.
    async fn find_reset(
        &self,
        namespace: &NamespaceName,
        reset: ResetId,
    ) -> Result<Option<StoredReset>, Fault>;
    /// Uses a reset: if it is live and unexpired, the account active and the epoch still the same, sets the password, marks
    /// the address as verified, raises the epoch, ends every session (`PasswordReset`), voids every reset, writes the notice and
    /// event `password_reset`. Of any number of concurrent calls one is done.
    async fn redeem_reset(&self, redeem: RedeemReset) -> Result<AccountChange, Fault>;
}
