//! Proofs of mailboxes. There is no row of its own for one: an account remembers which is its newest, and the token
//! carries the rest.

use super::accounts::AccountChange;
use crate::audit::AuditContext;
use crate::fault::Fault;
use async_trait::async_trait;
use domain::account::{CredentialEpoch, User};
use domain::ids::{OutboxId, UserId, VerificationId};
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;

/// A proof that a mail is to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingVerification {
    /// Which one it is: the id of its order.
    pub id: VerificationId,
    /// Whose address it is about, and where the mail goes.
    pub user: User,
    /// The store's now.
    pub now: UnixMillis,
}

/// What checking a token needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVerification {
    /// The account.
    pub user: User,
    /// The only proof that counts, if one was mailed.
    pub newest: Option<VerificationId>,
    /// The store's now.
    pub now: UnixMillis,
}

/// What a token proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxProof {
    /// Which proof it is.
    pub verification: VerificationId,
    /// The epoch that its token was checked against.
    pub epoch: CredentialEpoch,
    /// When it stops working.
    pub expires_at: UnixMillis,
}

/// An address that is to count as proved.
pub struct VerifyEmail {
    /// The namespace.
    pub namespace: NamespaceName,
    /// Whose.
    pub user: UserId,
    /// By what; `None` for an operator, who vouches for it.
    pub proof: Option<MailboxProof>,
    /// Who proves it.
    pub audit: AuditContext,
}

/// Proofs of mailboxes.
#[async_trait]
pub trait VerificationStore: Send + Sync {
    /// Prepares the proof of a claimed `VerifyEmail` order: it is the account's newest from here on, and every older one
    /// is void. `None`, and nothing changed, if no active account has the address, if the address is proved already, or
    /// if a newer order was begun.
    async fn begin_verification(&self, order: OutboxId) -> Result<Option<PendingVerification>, Fault>;
    /// What checking a token of this account needs.
    async fn find_verification(
        &self,
        namespace: &NamespaceName,
        user: UserId,
    ) -> Result<Option<StoredVerification>, Fault>;
    /// Marks an address as proved, and the proof as used; event `email_verified`. A proof counts if it is the account's
    /// newest and its time is not over, and if the account is active, of the same epoch, and not proved yet: of any
    /// number of concurrent calls one is done. For an operator what is proved already is `Done`, without an event.
    async fn verify_email(&self, verify: VerifyEmail) -> Result<AccountChange, Fault>;
}
