//! The store: accounts, sessions, resets, the outbox, keys, and the audit log.
//!
//! A write method is one intention and one atomic write. It is durable when it returns: a crash right after
//! takes nothing back. A business "no" is an outcome, not an error. The store's own clock dates everything
//! and compares every deadline; what a caller needs of it comes back in the outcome. The contract suite in
//! `testkit` is the definition of these traits.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod keys;
pub mod once;
pub mod outbox;
pub mod resets;
pub mod sessions;
pub mod upkeep;
pub mod verifications;

pub use accounts::{
    AccountChange, AccountKey, AccountStore, Credential, NewAccount, SetPassword, SignUpMails, SignUpOutcome,
};
pub use api_keys::{AddApiKeyOutcome, ApiKeyChange, ApiKeyStore, ApiKeyView, NewApiKey};
pub use audit::{
    AuditRow, AuditStore, ChainMark, ChainPage, ChainRow, EventFilter, EventSeal, MarkName, NewEvent, Seal,
    Unsealed,
};
pub use keys::KeyStore;
pub use once::{Once, OnceAnswer, OnceOutcome, OnceRecord, OnceStore};
pub use outbox::{ClaimedMail, MailLease, MailResult, OutboxStore};
pub use resets::{BeginReset, PendingReset, RedeemReset, ResetStore, StoredReset};
pub use sessions::{
    EndSession, EndSessionOutcome, EndSessions, HeldSession, OpenSession, OpenSessionOutcome, OpenedSession,
    RefreshOutcome, RefreshSession, SessionStore, SessionView,
};
pub use upkeep::{Purged, Retention, StoreUpkeep};
pub use verifications::{
    MailboxProof, PendingVerification, StoredVerification, VerificationStore, VerifyEmail,
};

/// Everything the server asks of a store.
pub trait Store:
    AccountStore
    + SessionStore
    + ResetStore
    + VerificationStore
    + OutboxStore
    + KeyStore
    + ApiKeyStore
    + OnceStore
    + AuditStore
    + StoreUpkeep
{
}

impl<S> Store for S where
    S: AccountStore
        + SessionStore
        + ResetStore
        + VerificationStore
        + OutboxStore
        + KeyStore
        + ApiKeyStore
        + OnceStore
        + AuditStore
        + StoreUpkeep
{
}
