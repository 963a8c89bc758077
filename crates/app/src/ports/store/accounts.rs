//! Accounts and their passwords.

use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::outbox::MailOrder;
use crate::ports::password_hasher::SealedPassword;
use async_trait::async_trait;
use domain::account::{AccountStatus, CredentialEpoch, User};
use domain::email_address::EmailAddress;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use domain::session::RevokeReason;

/// An account to be made.
pub struct NewAccount {
    /// Its id.
    pub id: UserId,
    /// Its namespace.
    pub namespace: NamespaceName,
    /// Its address.
    pub email: EmailAddress,
    /// Its password.
    pub password: SealedPassword,
    /// What its mailbox is told, where the namespace tells nobody else whether an address is taken.
    pub mails: Option<SignUpMails>,
    /// Who makes it.
    pub audit: AuditContext,
}

/// The mail of either outcome of a sign-up; one of the two is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUpMails {
    /// If the account was made.
    pub made: MailOrder,
    /// If the address had one.
    pub taken: MailOrder,
}

/// What became of a sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignUpOutcome {
    /// The account exists now.
    Created(User),
    /// The address already has an account in this namespace; nothing of it changed.
    EmailTaken,
}

/// What signing in needs to know of an address: always one row. An address without an account gets the
/// namespace's decoy, whose password nobody knows, so that the same code does the same work.
pub struct Credential {
    /// The user, or the decoy's id.
    pub user: UserId,
    /// The password.
    pub password: SealedPassword,
    /// The credential's epoch.
    pub epoch: CredentialEpoch,
    /// The account's status; `Active` for a decoy.
    pub status: AccountStatus,
    /// Whether its address was proved; `false` for a decoy.
    pub email_verified: bool,
    /// Whether it ever signed in; `false` for a decoy.
    pub has_signed_in: bool,
    /// Whether this is a decoy. Looked at only after the password was verified.
    pub is_decoy: bool,
}

/// How an account is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountKey {
    /// By id.
    Id(UserId),
    /// By address.
    Email(EmailAddress),
}

/// A new password for an account. Raises the epoch, ends every session (those too whose time was over, so that no
/// clock that is put back revives one), voids every reset.
pub struct SetPassword {
    /// The namespace.
    pub namespace: NamespaceName,
    /// The account.
    pub user: UserId,
    /// The epoch the caller's decision rests on; `None` for an operator, who overrides.
    pub expected_epoch: Option<CredentialEpoch>,
    /// The new password.
    pub password: SealedPassword,
    /// Why the sessions end: `PasswordChanged` or `Operator`.
    pub reason: RevokeReason,
    /// A notice to the owner, written in the same write.
    pub notice: Option<MailOrder>,
    /// Who sets it.
    pub audit: AuditContext,
}

/// What became of a change to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// Done; the account as it is now.
    Done(User),
    /// There is no such account, it is not active (where that matters), or its credential changed
    /// since it was read; nothing changed.
    Refused,
}

/// Accounts.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Makes an account. Event `sign_up`. With `mails`, either outcome comes to the same writes: a row of a user, which
    /// for a taken address leaves nothing behind, an event (`sign_up_taken`, with the id that names nobody), and an order.
    async fn sign_up(&self, new: NewAccount) -> Result<SignUpOutcome, Fault>;
    /// What signing in needs to know of an address. Fails if the namespace has no decoy yet.
    async fn find_credential(
        &self,
        namespace: &NamespaceName,
        email: &EmailAddress,
    ) -> Result<Credential, Fault>;
    /// The credential of a known account, for a password change.
    async fn find_credential_of(
        &self,
        namespace: &NamespaceName,
        user: UserId,
    ) -> Result<Option<Credential>, Fault>;
    /// One account.
    async fn find_account(&self, namespace: &NamespaceName, key: &AccountKey) -> Result<Option<User>, Fault>;
    /// Accounts in the order of their ids, after `after`, at most `limit`.
    async fn list_accounts(
        &self,
        namespace: &NamespaceName,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, Fault>;
    /// Sets a password. Event `password_changed`, whoever sets it.
    async fn set_password(&self, change: SetPassword) -> Result<AccountChange, Fault>;
    /// Switches an account off (raises the epoch, ends every session, voids every reset; event `account_disabled`)
    /// or on again (event `account_enabled`). Already so: `Done`, without an event.
    async fn set_status(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        status: AccountStatus,
        audit: AuditContext,
    ) -> Result<AccountChange, Fault>;
    /// Deletes an account and everything that names its address; its sessions end with `AccountDeleted` and stay
    /// until they are purged, so that their tokens get a precise answer. Event `account_deleted`. `false` if there was none.
    async fn delete_account(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        audit: AuditContext,
    ) -> Result<bool, Fault>;
    /// The namespace's decoy, if it has one.
    async fn find_decoy(&self, namespace: &NamespaceName) -> Result<Option<(UserId, SealedPassword)>, Fault>;
    /// Makes or replaces the namespace's decoy.
    async fn put_decoy(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        password: SealedPassword,
    ) -> Result<(), Fault>;
    /// Records a refused sign-in and the code of the problem it is told. Event `sign_in_refused`; the row has the same
    /// columns filled for a decoy.
    async fn record_refused_sign_in(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        problem: &'static str,
        audit: AuditContext,
    ) -> Result<(), Fault>;
}
