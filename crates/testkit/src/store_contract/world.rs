//! One case's store, with verbs. What a verb does not expect ends the case.

use super::subject::Subject;
use crate::builders::{audit, co, forgot, fresh_uuid, full, new_account, open, refresh, sealed};
use app::outbox::{MailOrder, OutboxRow};
use app::ports::store::{
    AccountChange, AccountKey, AuditRow, BeginReset, ClaimedMail, MailLease, MailResult, OpenSession,
    OpenSessionOutcome, PendingReset, RefreshOutcome, SignUpOutcome, Store,
};
use domain::account::{AccountStatus, User};
use domain::event::EventKind;
use domain::ids::{OutboxId, SessionId, UserId};
use domain::refresh_token::MacKeyId;
use domain::session::{Presented, Session, Slot, Verdict};
use domain::time::UnixMillis;
use std::sync::Arc;
use std::time::Duration;

/// How long a claimed mail order is leased in the suite.
pub(super) const LEASE: Duration = Duration::from_secs(120);
/// How long a mailed reset works in the suite.
pub(super) const RESET_VALID_FOR: Duration = Duration::from_secs(1800);

/// One case's store and its clock.
pub struct World {
    subject: Box<dyn Subject>,
    /// The store.
    pub store: Arc<dyn Store>,
}

impl World {
    /// A world without a row.
    pub async fn fresh<S: Subject>() -> Self {
        let subject = S::fresh().await;
        let store = subject.store();
        Self { subject: Box::new(subject), store }
    }

    /// Cleans up after a case that passed.
    pub async fn discard(self) {
        self.subject.discard().await;
    }

    /// Moves the store's clock forward.
    pub async fn advance(&self, span: Duration) {
        self.subject.advance(span).await;
    }

    /// Moves the store's clock backward.
    pub async fn turn_back(&self, span: Duration) {
        self.subject.turn_back(span).await;
    }

    /// The store's now.
    pub async fn now(&self) -> UnixMillis {
        self.store.now().await.unwrap()
    }

    /// Makes an account in `co`.
    pub async fn sign_up(&self, name: &str) -> User {
        match self.store.sign_up(new_account(name)).await.unwrap() {
            SignUpOutcome::Created(user) => user,
            SignUpOutcome::EmailTaken => panic!("{name} is taken"),
        }
    }

    /// Gives `co` a decoy.
    pub async fn put_decoy(&self) -> UserId {
        let id = UserId::new(fresh_uuid());
        self.store.put_decoy(&co(), id, sealed("decoy")).await.unwrap();
        id
    }

    /// The account as it stands.
    pub async fn account(&self, user: &User) -> Option<User> {
        self.store.find_account(&user.namespace, &AccountKey::Id(user.id)).await.unwrap()
    }

    /// The password as it is stored.
    pub async fn password(&self, user: &User) -> String {
        let found = self.store.find_credential_of(&user.namespace, user.id).await.unwrap().unwrap();
        found.password.0
    }

    /// Switches an account off or on.
    pub async fn set_status(&self, user: &User, status: AccountStatus) -> AccountChange {
        self.store.set_status(&user.namespace, user.id, status, audit()).await.unwrap()
    }

    /// Opens a session for the user as given.
    pub async fn sign_in(&self, user: &User) -> Session {
        self.open(open(user)).await
    }

    /// Opens this session.
    pub async fn open(&self, open: OpenSession) -> Session {
        match self.store.open_session(open).await.unwrap() {
            OpenSessionOutcome::Opened(opened) => opened.session,
            OpenSessionOutcome::CredentialChanged => panic!("the credential changed"),
        }
    }

    /// The session as it stands.
    pub async fn session(&self, session: &Session) -> Session {
        self.find(session.id).await.unwrap()
    }

    /// The session of an id in `co`.
    pub async fn find(&self, session: SessionId) -> Option<Session> {
        self.store.find_session(&co(), session).await.unwrap().map(|view| view.session)
    }

    /// Presents something to a session.
    pub async fn refresh(&self, session: &Session, presented: Presented) -> RefreshOutcome {
        self.store.refresh_session(refresh(session, presented)).await.unwrap()
    }

    /// What presenting it comes to.
    pub async fn verdict(&self, session: &Session, presented: Presented) -> Verdict {
        self.refresh(session, presented).await.verdict
    }

    /// Rotates a slot `times` times and gives the session after that.
    pub async fn rotate(&self, session: &Session, slot: Slot, times: u32) -> Session {
        let mut session = self.session(session).await;
        for _ in 0..times {
            let outcome = self.refresh(&session, full(slot, session.chain(slot).generation)).await;
            assert_eq!(outcome.verdict, Verdict::Rotate);
            session = outcome.session.unwrap();
        }
        session
    }

    /// Every event, newest first.
    pub async fn events(&self) -> Vec<AuditRow> {
        self.store.list_events(1000).await.unwrap()
    }

    /// The events of a kind, newest first.
    pub async fn events_of(&self, kind: EventKind) -> Vec<AuditRow> {
        let mut events = self.events().await;
        events.retain(|event| event.kind == kind);
        events
    }

    /// The one event of a kind.
    pub async fn event_of(&self, kind: EventKind) -> AuditRow {
        let mut events = self.events_of(kind).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// Every mail order, sent or not, oldest first.
    pub async fn mails(&self) -> Vec<OutboxRow> {
        self.store.list_mail(true, 1000).await.unwrap()
    }

    /// Every order as it was given, oldest first.
    pub async fn orders(&self) -> Vec<MailOrder> {
        self.mails().await.into_iter().map(|row| row.order).collect()
    }

    /// Leases the one order that is due.
    pub async fn claim(&self) -> ClaimedMail {
        let mut claimed = self.store.claim_mail(10, LEASE).await.unwrap();
        assert_eq!(claimed.len(), 1, "{claimed:?}");
        claimed.remove(0)
    }

    /// Finishes an order as whoever holds it at the moment.
    pub async fn finish(&self, order: OutboxId, result: MailResult) -> bool {
        let rows = self.store.list_mail(true, u32::MAX).await.unwrap();
        let Some(row) = rows.iter().find(|row| row.id == order) else { return false };
        let lease = MailLease { order, attempts: row.attempts, until: row.next_attempt_at };
        self.store.finish_mail(lease, result).await.unwrap()
    }

    /// Begins the reset of an order.
    pub async fn begin(&self, order: OutboxId) -> BeginReset {
        self.store.begin_reset(order, MacKeyId(1), RESET_VALID_FOR).await.unwrap()
    }

    /// Orders a reset mail for somebody and sends it; what becomes of its reset.
    pub async fn ask_for_reset(&self, name: &str) -> BeginReset {
        let order = self.store.order_mail(forgot(name), audit()).await.unwrap();
        let begun = self.begin(order).await;
        self.finish(order, MailResult::Sent).await;
        begun
    }

    /// Orders a reset mail for somebody and begins its reset; the order stays.
    pub async fn begin_fresh(&self, name: &str) -> BeginReset {
        let order = self.store.order_mail(forgot(name), audit()).await.unwrap();
        self.begin(order).await
    }

    /// A reset link on its way to somebody.
    pub async fn mailed_reset(&self, name: &str) -> PendingReset {
        match self.ask_for_reset(name).await {
            BeginReset::Send(pending) => pending,
            BeginReset::Nothing => panic!("nothing to send to {name}"),
        }
    }
}
