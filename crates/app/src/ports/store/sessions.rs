//! Sessions: open, refresh, end.

use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::outbox::MailOrder;
use crate::ports::password_hasher::SealedPassword;
use async_trait::async_trait;
use domain::account::{CredentialEpoch, User};
use domain::ids::{SessionId, UserId};
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::refresh_token::MacKeyId;
use domain::session::{
    Chain, ClientInfo, Ended, Presented, RevokeReason, Salt, Session, SessionPolicy, Verdict, classify,
    gives_way,
};
use domain::time::UnixMillis;

/// A session to be opened after a password was right.
pub struct OpenSession {
    /// Its id.
    pub id: SessionId,
    /// Its namespace.
    pub namespace: NamespaceName,
    /// Whose it is.
    pub user: UserId,
    /// The epoch that was read with the password.
    pub expected_epoch: CredentialEpoch,
    /// Its salt.
    pub salt: Salt,
    /// The MAC key its tokens are made under.
    pub mac_key: MacKeyId,
    /// How long it lives, and how many may live beside it.
    pub policy: SessionPolicy,
    /// The client.
    pub client: ClientInfo,
    /// The password under today's parameters, if the stored one was of yesterday's.
    pub rehash: Option<SealedPassword>,
    /// What the owner is told of it.
    pub notice: Option<MailOrder>,
    /// The session that the browser holds already.
    pub held: Option<HeldSession>,
    /// Who signs in.
    pub audit: AuditContext,
}

/// A session that a browser holds as somebody signs in there, anybody's in the namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldSession {
    /// The session its cookie names.
    pub session: SessionId,
    /// The salt it carries.
    pub salt: Salt,
    /// What it presents.
    pub presented: Presented,
}

impl HeldSession {
    /// Whether the row that was found gives way at `now`.
    pub fn gives_way(&self, found: &Session, now: UnixMillis, policy: &SessionPolicy) -> bool {
        self.salt == found.salt && gives_way(found, self.presented, now, policy)
    }
}

impl OpenSession {
    /// The session as it is to be written at `now`.
    pub fn begin(&self, now: UnixMillis) -> Session {
        let absolute_deadline = now.plus(self.policy.absolute);
        Session {
            id: self.id,
            namespace: self.namespace.clone(),
            user: self.user,
            salt: self.salt,
            mac_key: self.mac_key,
            credential_epoch: self.expected_epoch,
            body: Chain::begin(now),
            cookie: Chain::begin(now),
            created_at: now,
            last_proof_at: now,
            idle_deadline: now.plus(self.policy.idle).min(absolute_deadline),
            absolute_deadline,
            revoked: None,
            client: self.client.clone(),
        }
    }
}

/// A session that was just opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// The session.
    pub session: Session,
    /// The user, whose `last_sign_in_at` is now.
    pub user: User,
    /// Whether the session that the browser held has ended with this.
    pub held_ended: bool,
    /// The store's now.
    pub now: UnixMillis,
}

/// What became of opening a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenSessionOutcome {
    /// It is open.
    Opened(Box<OpenedSession>),
    /// The credential or the status changed since the password was read; nothing changed.
    CredentialChanged,
}

/// A refresh with a genuine credential.
pub struct RefreshSession {
    /// The session it names.
    pub session: SessionId,
    /// The namespace it was presented in.
    pub namespace: NamespaceName,
    /// The salt it carries; `None` for an access token, which carries none.
    pub salt: Option<Salt>,
    /// What it presents.
    pub presented: Presented,
    /// The namespace's policy.
    pub policy: SessionPolicy,
    /// The client, compared with the session's own for a `refresh_grace` event.
    pub client: ClientInfo,
    /// The language of the notice to the owner, which is written if the verdict is `Reused`.
    pub notice_locale: Locale,
    /// Who refreshes.
    pub audit: AuditContext,
}

/// What became of a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshOutcome {
    /// The store's now.
    pub now: UnixMillis,
    /// The verdict, already carried out and durable: `Rotate` has rotated, `Reused` has revoked.
    pub verdict: Verdict,
    /// The session after that; `None` if there is no such row (verdict `Ended(Expired)`), or if its salt is another
    /// (verdict `NeverIssued`).
    pub session: Option<Session>,
}

impl RefreshSession {
    /// The verdict on the row that was found at `now`, not yet carried out.
    pub fn judge(&self, found: Option<Session>, now: UnixMillis) -> RefreshOutcome {
        let Some(session) = found else {
            return RefreshOutcome { now, verdict: Verdict::Ended(Ended::Expired), session: None };
        };
        // Only an access token may come without the salt.
        let may_lack_salt = matches!(self.presented, Presented::Access { .. });
        if self.salt.map_or(!may_lack_salt, |salt| salt != session.salt) {
            return RefreshOutcome { now, verdict: Verdict::NeverIssued, session: None };
        }
        let verdict = classify(&session, self.presented, now, &self.policy);
        RefreshOutcome { now, verdict, session: Some(session) }
    }
}

/// A session to be ended.
pub struct EndSession {
    /// The namespace.
    pub namespace: NamespaceName,
    /// The session.
    pub session: SessionId,
    /// Only if it is this user's, where the caller names one.
    pub user: Option<UserId>,
    /// Only if it has this salt, where the credential carries one.
    pub salt: Option<Salt>,
    /// Why. `SignOut` is event `sign_out`; everything else `session_revoked`.
    pub reason: RevokeReason,
    /// Who ends it.
    pub audit: AuditContext,
}

/// What became of ending a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndSessionOutcome {
    /// It ended now.
    Ended,
    /// It had ended before, or its time was over; nothing changed.
    AlreadyEnded,
    /// There is no such session, or it is not this user's, or its salt is another.
    NotFound,
}

/// All live sessions of a user, perhaps but one, to be ended.
pub struct EndSessions {
    /// The namespace.
    pub namespace: NamespaceName,
    /// Whose.
    pub user: UserId,
    /// The one that stays.
    pub except: Option<SessionId>,
    /// Why.
    pub reason: RevokeReason,
    /// Who ends them.
    pub audit: AuditContext,
}

/// A session with its owner, and the moment at which it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// The session, live or not.
    pub session: Session,
    /// Its owner; `None` once the account is deleted.
    pub user: Option<User>,
    /// The store's now.
    pub now: UnixMillis,
}

/// Sessions.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Opens a session if epoch and status are still what they were. In the same write: the rehash, `last_sign_in_at`,
    /// the end of the session that the browser held if it gives way (event `sign_out`, detail `signed_in_again`), the end of the
    /// idlest sessions above the limit (event `session_evicted`), the notice, event `sign_in`.
    async fn open_session(&self, open: OpenSession) -> Result<OpenSessionOutcome, Fault>;
    /// Carries out `domain::session::classify`: one conditional update for the current generation, and only if
    /// that hits no row a classification in the same transaction. `Reused` revokes the session, with event `refresh_reused`
    /// and the notice; `Regrant` writes event `refresh_grace`; everything else but `Rotate` writes nothing.
    async fn refresh_session(&self, refresh: RefreshSession) -> Result<RefreshOutcome, Fault>;
    /// One session and its owner.
    async fn find_session(
        &self,
        namespace: &NamespaceName,
        session: SessionId,
    ) -> Result<Option<SessionView>, Fault>;
    /// The live sessions of a user, the latest proof first.
    async fn list_sessions(&self, namespace: &NamespaceName, user: UserId) -> Result<Vec<Session>, Fault>;
    /// Ends one session.
    async fn end_session(&self, end: EndSession) -> Result<EndSessionOutcome, Fault>;
    /// Ends the live sessions of a user; how many there were. One event `session_revoked` (or `sign_out`) for all, none if there were none.
    async fn end_sessions(&self, end: EndSessions) -> Result<u32, Fault>;
}
