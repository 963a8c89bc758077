//! Two nodes at once. Each store is a node of its own, with its own connections, on one database.

use crate::database::{Database, open};
use app::ports::store::{
    AccountChange, BeginReset, KeyStore as _, MailLease, OpenSession, OpenSessionOutcome, OutboxStore as _,
    ResetStore as _, SessionStore as _, StoreUpkeep as _,
};
use app::ports::store::{AccountStore as _, AuditStore as _, SignUpOutcome};
use domain::account::User;
use domain::event::EventKind;
use domain::refresh_token::MacKeyId;
use domain::session::{Slot, Verdict};
use minbil_auth_store_postgres::{PostgresOptions, PostgresStore};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use testkit::builders::{
    audit, co, end, end_all, forgot, full, held, new_account, open as open_by, policy, redeem, refresh,
    set_password, signing_key,
};
use tokio::task::JoinSet;

/// A database with as many nodes.
struct Nodes {
    database: Database,
    stores: Vec<Arc<PostgresStore>>,
}

impl Nodes {
    async fn start(count: usize) -> Self {
        let database = Database::new().await;
        let mut stores = vec![Arc::clone(&database.store)];
        for _ in 1..count {
            let options = PostgresOptions {
                connections: 8,
                clock: Arc::clone(&database.clock),
                ..PostgresOptions::default()
            };
            stores.push(Arc::new(open(&database.url, options).await.unwrap()));
        }
        Self { database, stores }
    }

    /// Runs `work` as often as said, in turn on each node, all at once.
    async fn at_once<T, F>(&self, times: usize, work: impl Fn(Arc<PostgresStore>, usize) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let mut set = JoinSet::new();
        for number in 0..times {
            set.spawn(work(Arc::clone(&self.stores[number % self.stores.len()]), number));
        }
        set.join_all().await
    }

    async fn sign_up(&self) -> User {
        let outcome = self.database.store.sign_up(new_account("kari")).await.unwrap();
        let SignUpOutcome::Created(user) = outcome else { panic!("{outcome:?}") };
        user
    }

    async fn count(&self, kind: EventKind) -> usize {
        let events = self.database.store.list_events(1000).await.unwrap();
        events.iter().filter(|event| event.kind == kind).count()
    }

    async fn end(self) {
        for store in &self.stores {
            store.close();
        }
        self.database.discard().await;
    }
}

async fn signed_in(store: &PostgresStore, user: &User) -> domain::session::Session {
    match store.open_session(open_by(user)).await.unwrap() {
        OpenSessionOutcome::Opened(opened) => opened.session,
        OpenSessionOutcome::CredentialChanged => panic!("the credential changed"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_refreshes_of_one_token_on_three_nodes_are_one_step() {
    let nodes = Nodes::start(3).await;
    let user = nodes.sign_up().await;
    let session = signed_in(&nodes.database.store, &user).await;
    let outcomes = nodes
        .at_once(100, |store, _| {
            let refresh = refresh(&session, full(Slot::Body, 0));
            async move { store.refresh_session(refresh).await.unwrap() }
        })
        .await;
    let rotated = outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Rotate).count();
    assert_eq!(rotated, 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome.verdict, Verdict::Rotate | Verdict::Regrant)
        && outcome.session.as_ref().unwrap().body.generation == 1));
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reuse_seen_by_all_nodes_at_once_is_one_revocation_one_event_and_one_mail() {
    let nodes = Nodes::start(3).await;
    let user = nodes.sign_up().await;
    let session = signed_in(&nodes.database.store, &user).await;
    for generation in 0..3 {
        nodes.database.store.refresh_session(refresh(&session, full(Slot::Body, generation))).await.unwrap();
    }
    let verdicts = nodes
        .at_once(24, |store, _| {
            let refresh = refresh(&session, full(Slot::Body, 0));
            async move { store.refresh_session(refresh).await.unwrap().verdict }
        })
        .await;
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Reused).count(), 1);
    assert_eq!(nodes.count(EventKind::RefreshReused).await, 1);
    assert_eq!(nodes.database.store.list_mail(true, 10).await.unwrap().len(), 1);
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_outlives_a_password_change_that_it_raced() {
    let nodes = Nodes::start(3).await;
    let mut user = nodes.sign_up().await;
    for _ in 0..10 {
        let outcomes = nodes
            .at_once(13, |store, number| {
                let user = user.clone();
                async move {
                    if number == 6 {
                        let change = store.set_password(set_password(&user)).await.unwrap();
                        assert!(matches!(change, AccountChange::Done(_)));
                        None
                    } else {
                        Some(store.open_session(open_by(&user)).await.unwrap())
                    }
                }
            })
            .await;
        let live = nodes.database.store.list_sessions(&co(), user.id).await.unwrap();
        assert_eq!(live, [], "of {} sign-ins", outcomes.len() - 1);
        user.credential_epoch.0 += 1;
    }
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sign_ins_leave_exactly_the_limit() {
    let nodes = Nodes::start(3).await;
    let user = nodes.sign_up().await;
    let few = domain::session::SessionPolicy { max_live: 3, ..policy() };
    nodes
        .at_once(30, |store, _| {
            let open = OpenSession { policy: few, ..open_by(&user) };
            async move { store.open_session(open).await.unwrap() }
        })
        .await;
    assert_eq!(nodes.database.store.list_sessions(&co(), user.id).await.unwrap().len(), 3);
    assert_eq!(nodes.count(EventKind::SessionEvicted).await, 27);
    nodes.end().await;
}

/// Each of two accounts signs in where the other's session is held, with room for one: each locks what the other is about to evict.
#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_crosswise_in_each_others_browsers_are_never_a_fault() {
    let nodes = Nodes::start(2).await;
    let kari = nodes.sign_up().await;
    let SignUpOutcome::Created(ola) = nodes.database.store.sign_up(new_account("ola")).await.unwrap() else {
        panic!("ola is taken")
    };
    let one = domain::session::SessionPolicy { max_live: 1, ..policy() };
    for _ in 0..3 {
        let mut sessions = Vec::new();
        for user in [&kari, &ola] {
            sessions.push(signed_in(&nodes.database.store, user).await);
        }
        nodes
            .at_once(2, |store, number| {
                let user = [&kari, &ola][number];
                let held = Some(held(&sessions[1 - number], 0));
                let open = OpenSession { policy: one, held, ..open_by(user) };
                async move {
                    let outcome = store.open_session(open).await.unwrap();
                    assert!(matches!(outcome, OpenSessionOutcome::Opened(_)));
                }
            })
            .await;
        for user in [&kari, &ola] {
            assert_eq!(nodes.database.store.list_sessions(&co(), user.id).await.unwrap().len(), 1);
        }
    }
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uses_of_one_reset_one_is_done() {
    let nodes = Nodes::start(3).await;
    let user = nodes.sign_up().await;
    let store = &nodes.database.store;
    let order = store.order_mail(forgot("kari"), audit()).await.unwrap();
    let begun = store.begin_reset(order, MacKeyId(1), Duration::from_secs(1800)).await.unwrap();
    let BeginReset::Send(pending) = begun else { panic!("nothing to send") };
    let changes = nodes
        .at_once(24, |store, _| {
            let redeem = redeem(&user, &pending);
            async move { store.redeem_reset(redeem).await.unwrap() }
        })
        .await;
    assert_eq!(changes.iter().filter(|change| matches!(change, AccountChange::Done(_))).count(), 1);
    assert_eq!(nodes.count(EventKind::PasswordReset).await, 1);
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_all_nodes_never_make_more_live_resets_than_allowed() {
    let nodes = Nodes::start(3).await;
    nodes.sign_up().await;
    let mut orders = Vec::new();
    for _ in 0..12 {
        orders.push(nodes.database.store.order_mail(forgot("kari"), audit()).await.unwrap());
    }
    let begun = nodes
        .at_once(12, |store, number| {
            let order = orders[number];
            async move { store.begin_reset(order, MacKeyId(1), Duration::from_secs(1800)).await.unwrap() }
        })
        .await;
    let sent = begun.iter().filter(|begun| matches!(begun, BeginReset::Send(_))).count();
    assert_eq!(sent, domain::reset_token::LIVE_RESETS_MAX);
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_begun_by_two_workers_has_one_reset() {
    let nodes = Nodes::start(3).await;
    // Nobody has the address: there is no user to lock, and the order's own key has to decide.
    let order = nodes.database.store.order_mail(forgot("ola"), audit()).await.unwrap();
    let begun = nodes
        .at_once(12, |store, _| async move {
            store.begin_reset(order, MacKeyId(1), Duration::from_secs(1800)).await.unwrap()
        })
        .await;
    assert!(begun.iter().all(|begun| *begun == BeginReset::Nothing));
    let rows = nodes.database.plain().await.query("SELECT id FROM resets", &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_leased_to_one_worker_alone_and_again_when_its_lease_ends() {
    let nodes = Nodes::start(3).await;
    for _ in 0..40 {
        nodes.database.store.order_mail(forgot("kari"), audit()).await.unwrap();
    }
    let lease = Duration::from_secs(60);
    let claim =
        || nodes.at_once(12, move |store, _| async move { store.claim_mail(4, lease).await.unwrap() });
    let claimed: Vec<_> = claim().await.into_iter().flatten().map(|mail| mail.id).collect();
    let distinct: BTreeSet<_> = claimed.iter().copied().collect();
    assert_eq!((claimed.len(), distinct.len()), (40, 40));
    assert!(claim().await.into_iter().flatten().next().is_none());
    // The worker died. Its lease ends by the database's clock, whatever its own said.
    nodes.database.clock.advance(lease);
    let again: Vec<_> = claim().await.into_iter().flatten().collect();
    assert_eq!(again.len(), 40);
    assert!(again.iter().all(|mail| mail.attempts == 2));
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_rotate_signing_keys_at_once_make_one() {
    let nodes = Nodes::start(3).await;
    let now = nodes.database.store.now().await.unwrap();
    let added = nodes
        .at_once(12, |store, number| {
            let key = signing_key(&format!("key-{number}"), now);
            async move { store.add_signing_key(key, None, audit()).await.unwrap() }
        })
        .await;
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    assert_eq!(nodes.database.store.list_signing_keys().await.unwrap().len(), 1);
    assert_eq!(nodes.count(EventKind::SigningKeyRotated).await, 1);
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_signed_up_on_all_nodes_at_once_is_one_account() {
    let nodes = Nodes::start(3).await;
    let outcomes =
        nodes.at_once(12, |store, _| async move { store.sign_up(new_account("kari")).await.unwrap() }).await;
    let created = outcomes.iter().filter(|outcome| matches!(outcome, SignUpOutcome::Created(_))).count();
    assert_eq!(created, 1);
    nodes.end().await;
}

/// Everything that locks several rows of one user, at once and again and again: what would deadlock is retried, and
/// what is retried too often is a fault.
#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_on_one_account_is_never_a_fault() {
    let nodes = Nodes::start(3).await;
    let user = nodes.sign_up().await;
    let few = domain::session::SessionPolicy { max_live: 4, ..policy() };
    nodes
        .at_once(300, |store, number| {
            let user = user.clone();
            async move {
                let current = store.find_account(&co(), &app::ports::store::AccountKey::Id(user.id)).await;
                let user = current.unwrap().unwrap();
                match number % 6 {
                    0 | 1 => {
                        let open = OpenSession { policy: few, ..open_by(&user) };
                        if let OpenSessionOutcome::Opened(opened) = store.open_session(open).await.unwrap() {
                            let refresh = refresh(&opened.session, full(Slot::Cookie, 0));
                            store.refresh_session(refresh).await.unwrap();
                            store.end_session(end(&opened.session)).await.unwrap();
                        }
                    }
                    2 => {
                        store.end_sessions(end_all(&user)).await.unwrap();
                    }
                    3 => {
                        store.set_password(set_password(&user)).await.unwrap();
                    }
                    4 => {
                        let order = store.order_mail(forgot("kari"), audit()).await.unwrap();
                        let valid_for = Duration::from_secs(1800);
                        let begun = store.begin_reset(order, MacKeyId(1), valid_for).await.unwrap();
                        if let BeginReset::Send(pending) = begun {
                            store.redeem_reset(redeem(&user, &pending)).await.unwrap();
                        }
                        let sent = app::ports::store::MailResult::Sent;
                        let row = store
                            .list_mail(true, u32::MAX)
                            .await
                            .unwrap()
                            .into_iter()
                            .find(|row| row.id == order);
                        if let Some(row) = row {
                            let (attempts, until) = (row.attempts, row.next_attempt_at);
                            store.finish_mail(MailLease { order, attempts, until }, sent).await.unwrap();
                        }
                    }
                    _ => {
                        store.claim_mail(5, Duration::from_secs(60)).await.unwrap();
                        let retention = app::ports::store::Retention {
                            sessions: Duration::ZERO,
                            mail: Duration::ZERO,
                            audit: Duration::ZERO,
                        };
                        store.purge(retention, 50).await.unwrap();
                    }
                }
            }
        })
        .await;
    nodes.end().await;
}
