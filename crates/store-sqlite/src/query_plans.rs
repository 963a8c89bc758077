//! No statement that a client can cause reads a table from end to end, and none is planned again for what is bound to it.
//!
//! Every statement that the store runs is caught as it runs, so none can be forgotten here.

use crate::open::{SqliteOptions, SqliteStore, connect};
use app::fault::Fault;
use app::outbox::Notice;
use app::ports::store::{
    AccountKey, AccountStore as _, ApiKeyStore as _, AuditStore as _, BeginReset, ChainMark, EventFilter,
    EventSeal, KeyStore as _, MailResult, Once, OnceStore as _, OpenSession, OpenSessionOutcome,
    OutboxStore as _, ResetStore as _, Retention, SessionStore as _, SignUpOutcome, StoreUpkeep as _,
    VerificationStore as _,
};
use domain::account::{AccountStatus, User};
use domain::ids::SessionId;
use domain::refresh_token::MacKeyId;
use domain::session::{Session, SessionPolicy, Slot};
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, Result, StatementStatus};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use testkit::builders::{
    audit, co, email, end, end_all, forgot, fresh_uuid, full, held, new_account, new_account_in_secret,
    new_api_key, notice, open, policy, redeem, refresh, rotation, sealed, set_password, signing_key,
    verification, verify,
};
use testkit::{FakeClock, SeededEntropy};

/// What may read whole tables, because only a worker or an operator asks for it.
const MAY_SCAN: [&str; 7] = [
    "SELECT * FROM events ORDER BY id DESC LIMIT ?1",
    "SELECT count(*) FROM events INDEXED BY events_unsealed",
    "SELECT id FROM sessions WHERE (revoked_at <= ?1",
    "SELECT id FROM resets WHERE (expires_at <= ?1",
    "DELETE FROM resets WHERE user_id = ?1 OR (namespace",
    "DELETE FROM outbox WHERE user_id = ?1 OR (namespace",
    "SELECT id, namespace, locale, kind, user_id, email, redirect_to, session_id, state, attempts, created_at, \
     next_attempt_at, last_error FROM outbox WHERE ?1 OR state",
];
/// Tables of a handful of rows.
const SMALL: [&str; 3] = ["SCAN signing_keys", "SCAN root_keys", "SCAN api_keys"];

static CAUGHT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn caught() -> BTreeSet<String> {
    CAUGHT.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Catches what a connection of the store runs.
pub(crate) fn caught_from(mut connection: Connection) -> Result<Connection> {
    let catch = |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(_, sql) = event {
            CAUGHT.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned());
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(catch))?;
    Ok(connection)
}

fn store() -> (SqliteStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let (clock, entropy) = (Arc::new(FakeClock::default()), Arc::new(SeededEntropy::default()));
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, SqliteOptions::default(), clock, entropy).unwrap();
    (store, directory)
}

/// Calls everything that leads to a statement of its own.
async fn use_everything(store: &SqliteStore) -> Result<(), Fault> {
    let (user, session) = use_accounts_and_sessions(store).await?;
    use_resets_and_mail(store, &user).await?;
    store.end_sessions(end_all(&user)).await?;
    store.end_session(end(&session)).await?;
    let enabled = AccountStatus::Active;
    store.set_status(&co(), user.id, AccountStatus::Disabled, audit()).await?;
    store.set_status(&co(), user.id, enabled, audit()).await?;
    store.set_password(set_password(&user)).await?;
    store.remember_root_key(1, [1; 32]).await?;
    store.root_key_fingerprints().await?;
    store.add_signing_key(signing_key("a", user.created_at), None, audit()).await?;
    store.list_signing_keys().await?;
    store.remove_signing_keys(&["a".to_owned()]).await?;
    use_api_keys(store).await?;
    use_once(store, &user).await?;
    store.check().await?;
    use_audit_chain(store).await?;
    let at_once = Retention { sessions: Duration::ZERO, mail: Duration::ZERO, audit: Duration::ZERO };
    store.purge(at_once, 10).await?;
    store.delete_account(&co(), user.id, audit()).await.map(|_| ())
}

async fn use_api_keys(store: &SqliteStore) -> Result<(), Fault> {
    let new = new_api_key("web");
    let key = new.id;
    store.add_api_key(new).await?;
    store.find_api_key(key).await?;
    store.list_api_keys(&co()).await?;
    store.rotate_api_key(&co(), key, rotation(2), audit()).await?;
    store.note_api_key_uses(&[key]).await?;
    store.revoke_api_key(&co(), key, audit()).await.map(|_| ())
}

async fn use_once(store: &SqliteStore, user: &User) -> Result<(), Fault> {
    let once = |key| Once { key: [key; 32], body: [0; 32], keep_for: Duration::ZERO };
    store.find_once([1; 32]).await?;
    store.sign_up_once(new_account("ola"), once(1)).await?;
    store.order_mail_once(forgot("ola"), once(2), audit()).await?;
    let session = SessionId::new(fresh_uuid());
    store.set_password_once(set_password(user), once(3), session).await.map(|_| ())
}

async fn use_accounts_and_sessions(store: &SqliteStore) -> Result<(User, Session), Fault> {
    let SignUpOutcome::Created(user) = store.sign_up(new_account("kari")).await? else { unreachable!() };
    store.sign_up(new_account_in_secret("kari")).await?;
    store.put_decoy(&co(), user.id, sealed("decoy")).await?;
    store.find_decoy(&co()).await?;
    store.find_credential(&co(), &email("nobody")).await?;
    store.find_credential_of(&co(), user.id).await?;
    store.find_account(&co(), &AccountKey::Id(user.id)).await?;
    store.find_account(&co(), &AccountKey::Email(email("kari"))).await?;
    store.list_accounts(&co(), None, 10).await?;
    store.record_refused_sign_in(&co(), user.id, "invalid_credentials", audit()).await?;
    let one = SessionPolicy { max_live: 1, ..policy() };
    store.open_session(open(&user)).await?;
    let opened = store.open_session(OpenSession { policy: one, ..open(&user) }).await?;
    let OpenSessionOutcome::Opened(opened) = opened else { unreachable!() };
    let again = OpenSession { held: Some(held(&opened.session, 0)), ..open(&user) };
    let OpenSessionOutcome::Opened(opened) = store.open_session(again).await? else { unreachable!() };
    for slot in Slot::ALL {
        for generation in [0, 1, 2, 0] {
            store.refresh_session(refresh(&opened.session, full(slot, generation))).await?;
        }
    }
    store.find_session(&co(), opened.session.id).await?;
    store.list_sessions(&co(), user.id).await?;
    Ok((user, opened.session))
}

async fn use_resets_and_mail(store: &SqliteStore, user: &User) -> Result<(), Fault> {
    let order = store.order_mail(forgot("kari"), audit()).await?;
    store.order_mail(notice(user, Notice::PasswordChanged), audit()).await?;
    store.next_mail_due().await?;
    let claimed = store.claim_mail(1, Duration::from_secs(60)).await?.remove(0);
    store.begin_reset(order, MacKeyId(1), Duration::from_secs(60)).await?;
    store.finish_mail(claimed.lease(), MailResult::Dead { reason: "550 no".to_owned() }).await?;
    store.retry_mail(None).await?;
    store.list_mail(true, 10).await?;
    let BeginReset::Send(pending) = store.begin_reset(order, MacKeyId(1), Duration::from_secs(60)).await?
    else {
        unreachable!()
    };
    let order = store.order_mail(verification("kari"), audit()).await?;
    let proof = store.begin_verification(order).await?.unwrap();
    store.find_verification(&co(), user.id).await?;
    store.verify_email(verify(&proof)).await?;
    store.find_reset(&co(), pending.id).await?;
    store.redeem_reset(redeem(user, &pending)).await?;
    store.finish_mail(claimed.lease(), MailResult::Sent).await.map(|_| ())
}

async fn use_audit_chain(store: &SqliteStore) -> Result<(), Fault> {
    store.list_events(10).await?;
    store.find_events(&EventFilter::default(), None, 10).await?;
    store.count_unsealed().await?;
    store.claim_sealing(Duration::from_secs(1)).await?;
    let (id, _) = store.find_unsealed(Duration::ZERO, 1).await?.events.remove(0);
    let (key, seal) = (MacKeyId(1), [1; 32]);
    let mark = ChainMark { seq: 1, seal, mac_key: key, mac: [1; 32] };
    store.append_seals(0, vec![EventSeal { id, seq: 1, key, seal }], mark).await?;
    store.read_chain(0, 1).await?;
    store.cut_chain(mark).await?;
    store.restart_chain("why".to_owned(), audit()).await.map(|_| ())
}

/// The steps of a statement's plan.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    explain.raw_query().mapped(|row| row.get("detail")).collect::<Result<_>>().unwrap()
}

/// A connection as the store's readers have it.
fn connection(directory: &TempDir) -> Connection {
    connect(&directory.path().join("store.db"), SqliteOptions::default(), true).unwrap()
}

/// All statements about rows that the store has, and a connection to a database where they ran.
async fn statements() -> (BTreeSet<String>, Connection, TempDir) {
    let (store, directory) = store();
    use_everything(&store).await.unwrap();
    let mut statements = caught();
    let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    statements.retain(|sql| verbs.iter().any(|verb| sql.starts_with(verb)) && !sql.contains("refinery"));
    assert!(statements.len() > 45, "{}", statements.len());
    let connection = connection(&directory);
    (statements, connection, directory)
}

#[tokio::test]
async fn no_statement_that_a_client_can_cause_reads_a_whole_table() {
    let (statements, connection, _directory) = statements().await;
    for sql in &statements {
        let plan = plan(&connection, sql);
        let scans = plan.iter().any(|step| {
            let is_small = SMALL.iter().any(|scan| step.starts_with(scan)) || step == "SCAN CONSTANT ROW";
            step.starts_with("SCAN") && !is_small
        });
        let may = MAY_SCAN.iter().any(|start| sql.starts_with(start));
        assert_eq!(scans, may, "{sql}\n{plan:#?}");
    }
}

/// Some would be, at a tenth of a sign-in's instructions, were it not for the planner's setting.
#[tokio::test]
async fn no_statement_is_prepared_again_for_what_is_bound_to_it() {
    let (statements, connection, _directory) = statements().await;
    for sql in &statements {
        let mut statement = connection.prepare(sql).unwrap();
        for value in 7..10_i64 {
            // As a statement's way back into the cache does.
            statement.clear_bindings();
            for parameter in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(parameter, value).unwrap();
            }
            // Nothing is written through this connection, so that some are refused; a plan they have all the same.
            let _ = statement.raw_query().next();
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
    }
}

#[tokio::test]
async fn the_next_mail_is_found_without_sorting_the_backlog() {
    let (store, directory) = store();
    store.claim_mail(1, Duration::from_secs(60)).await.unwrap();
    let connection = connection(&directory);
    let claim = caught().into_iter().find(|sql| sql.contains("ORDER BY next_attempt_at")).unwrap();
    let plan = plan(&connection, &claim);
    assert_eq!(plan, ["SEARCH outbox USING INDEX outbox_by_state (state=? AND next_attempt_at<?)"]);
}
