//! A store with somebody looking on: what is called, and what came of it.

use app::audit::AuditContext;
use app::fault::Fault;
use app::outbox::{MailOrder, OutboxRow};
use app::ports::keys::SigningKeyRecord;
use app::ports::password_hasher::SealedPassword;
use app::ports::rows::Row;
use app::ports::store::{
    AccountChange, AccountKey, AccountStore, AddApiKeyOutcome, ApiKeyChange, ApiKeyStore, ApiKeyView,
    AuditRow, AuditStore, BeginReset, ChainMark, ChainPage, ClaimedMail, Credential, EndSession,
    EndSessionOutcome, EndSessions, EventFilter, EventSeal, KeyStore, MailLease, MailResult, NewAccount,
    NewApiKey, NewEvent, Once, OnceOutcome, OnceRecord, OnceStore, OpenSession, OpenSessionOutcome,
    OutboxStore, PendingVerification, Purged, RedeemReset, RefreshOutcome, RefreshSession, ResetStore,
    Retention, SessionStore, SessionView, SetPassword, SignUpOutcome, Store, StoreUpkeep, StoredReset,
    StoredVerification, Unsealed, VerificationStore, VerifyEmail,
};
use async_trait::async_trait;
use domain::account::{AccountStatus, User};
use domain::api_key::{ApiKey, Rotation};
use domain::email_address::EmailAddress;
use domain::ids::{ApiKeyId, EventId, OutboxId, ResetId, SessionId, UserId};
use domain::namespace::NamespaceName;
use domain::refresh_token::MacKeyId;
use domain::session::Session;
use domain::time::UnixMillis;
use std::any::Any;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Whoever looks on.
#[async_trait]
pub trait StoreWatcher: Send + Sync {
    /// A call begins. `order` is what `order_mail` is given.
    async fn before(&self, method: &'static str, order: Option<&MailOrder>);
    /// It ended: its `Result<_, Fault>`, to be looked at.
    fn after(&self, method: &'static str, result: &dyn Any);
}

/// The store itself, with a watcher.
pub struct WatchedStore {
    inner: Arc<dyn Store>,
    watcher: Arc<dyn StoreWatcher>,
}

impl WatchedStore {
    /// Watches `inner`.
    pub fn new(inner: Arc<dyn Store>, watcher: Arc<dyn StoreWatcher>) -> Self {
        Self { inner, watcher }
    }
}

/// One line per method of a port, so that a new method is one line here.
macro_rules! watched {
    ($port:ident: $( $method:ident ( $( $argument:ident : $type:ty ),* ) -> $out:ty $(, ordering $order:expr)?; )*) => {
        #[async_trait]
        impl $port for WatchedStore {
            $(
                async fn $method(&self, $( $argument: $type ),*) -> Result<$out, Fault> {
                    let order = None$(.or($order))?;
                    self.watcher.before(stringify!($method), order).await;
                    let result = self.inner.$method($( $argument ),*).await;
                    self.watcher.after(stringify!($method), &result);
                    result
                }
            )*
        }
    };
}

watched! { AccountStore:
    sign_up(new: NewAccount) -> SignUpOutcome, ordering new.mails.as_ref().map(|mails| &mails.made);
    find_credential(namespace: &NamespaceName, email: &EmailAddress) -> Credential;
    find_credential_of(namespace: &NamespaceName, user: UserId) -> Option<Credential>;
    find_account(namespace: &NamespaceName, key: &AccountKey) -> Option<User>;
    list_accounts(namespace: &NamespaceName, after: Option<UserId>, limit: u32) -> Vec<User>;
    set_password(change: SetPassword) -> AccountChange;
    set_status(namespace: &NamespaceName, user: UserId, status: AccountStatus, audit: AuditContext) -> AccountChange;
    delete_account(namespace: &NamespaceName, user: UserId, audit: AuditContext) -> bool;
    find_decoy(namespace: &NamespaceName) -> Option<(UserId, SealedPassword)>;
    put_decoy(namespace: &NamespaceName, user: UserId, password: SealedPassword) -> ();
    record_refused_sign_in(namespace: &NamespaceName, user: UserId, problem: &'static str, audit: AuditContext) -> ();
}

watched! { SessionStore:
    open_session(open: OpenSession) -> OpenSessionOutcome;
    refresh_session(refresh: RefreshSession) -> RefreshOutcome;
    find_session(namespace: &NamespaceName, session: SessionId) -> Option<SessionView>;
    list_sessions(namespace: &NamespaceName, user: UserId) -> Vec<Session>;
    end_session(end: EndSession) -> EndSessionOutcome;
    end_sessions(end: EndSessions) -> u32;
}

watched! { ResetStore:
    begin_reset(order: OutboxId, mac_key: MacKeyId, valid_for: Duration) -> BeginReset;
    find_reset(namespace: &NamespaceName, reset: ResetId) -> Option<StoredReset>;
    redeem_reset(redeem: RedeemReset) -> AccountChange;
}

watched! { VerificationStore:
    begin_verification(order: OutboxId) -> Option<PendingVerification>;
    find_verification(namespace: &NamespaceName, user: UserId) -> Option<StoredVerification>;
    verify_email(verify: VerifyEmail) -> AccountChange;
}

watched! { KeyStore:
    root_key_fingerprints() -> Vec<(u32, [u8; 32])>;
    remember_root_key(id: u32, fingerprint: [u8; 32]) -> [u8; 32];
    list_signing_keys() -> Vec<SigningKeyRecord>;
    add_signing_key(key: SigningKeyRecord, newer_than: Option<UnixMillis>, audit: AuditContext) -> bool;
    remove_signing_keys(kids: &[String]) -> ();
}

watched! { ApiKeyStore:
    add_api_key(new: NewApiKey) -> AddApiKeyOutcome;
    find_api_key(key: ApiKeyId) -> Option<ApiKeyView>;
    list_api_keys(namespace: &NamespaceName) -> Vec<ApiKey>;
    rotate_api_key(namespace: &NamespaceName, key: ApiKeyId, rotation: Rotation, audit: AuditContext) -> ApiKeyChange;
    revoke_api_key(namespace: &NamespaceName, key: ApiKeyId, audit: AuditContext) -> ApiKeyChange;
    note_api_key_uses(keys: &[ApiKeyId]) -> ();
}

watched! { OnceStore:
    find_once(key: [u8; 32]) -> Option<OnceRecord>;
    sign_up_once(new: NewAccount, once: Once) -> OnceOutcome<SignUpOutcome>;
    order_mail_once(order: MailOrder, once: Once, audit: AuditContext) -> OnceOutcome<OutboxId>;
    set_password_once(change: SetPassword, once: Once, session: SessionId) -> OnceOutcome<AccountChange>;
}

watched! { AuditStore:
    record_events(events: Vec<NewEvent>) -> ();
    list_events(limit: u32) -> Vec<AuditRow>;
    find_events(filter: &EventFilter, after: Option<EventId>, limit: u32) -> Vec<Row>;
    count_unsealed() -> u64;
    find_unsealed(settled_for: Duration, limit: u32) -> Unsealed;
    claim_sealing(lease: Duration) -> bool;
    append_seals(from: u64, seals: Vec<EventSeal>, head: ChainMark) -> bool;
    read_chain(after: u64, limit: u32) -> ChainPage;
    cut_chain(cut: ChainMark) -> u64;
    restart_chain(why: String, audit: AuditContext) -> u64;
}

watched! { StoreUpkeep:
    now() -> UnixMillis;
    check() -> ();
    purge(retention: Retention, batch: u32) -> Purged;
    backup(target: &Path) -> ();
    void_after_restore(audit: AuditContext) -> ();
}

#[async_trait]
impl OutboxStore for WatchedStore {
    async fn order_mail(&self, order: MailOrder, audit: AuditContext) -> Result<OutboxId, Fault> {
        self.watcher.before("order_mail", Some(&order)).await;
        let result = self.inner.order_mail(order, audit).await;
        self.watcher.after("order_mail", &result);
        result
    }

    // The worker's side, which no request waits for.
    async fn claim_mail(&self, limit: u32, lease: Duration) -> Result<Vec<ClaimedMail>, Fault> {
        self.inner.claim_mail(limit, lease).await
    }

    async fn finish_mail(&self, lease: MailLease, result: MailResult) -> Result<bool, Fault> {
        self.inner.finish_mail(lease, result).await
    }

    async fn next_mail_due(&self) -> Result<Option<Duration>, Fault> {
        self.inner.next_mail_due().await
    }

    async fn list_mail(&self, with_sent: bool, limit: u32) -> Result<Vec<OutboxRow>, Fault> {
        self.inner.list_mail(with_sent, limit).await
    }

    async fn retry_mail(&self, only: Option<OutboxId>) -> Result<u32, Fault> {
        self.inner.retry_mail(only).await
    }
}
