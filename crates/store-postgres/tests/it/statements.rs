//! Statements that go stale, and transactions that lose a race.

use crate::database::Database;
use app::fault::FaultKind;
use app::ports::store::{
    AccountKey, AccountStore as _, OpenSessionOutcome, SessionStore as _, SignUpOutcome,
};
use domain::session::{Slot, Verdict};
use std::time::{Duration, Instant};
use testkit::builders::{co, email, full, new_account, open as open_by, refresh, set_password};

#[tokio::test]
async fn a_plan_that_a_change_of_the_schema_made_stale_is_made_again() {
    let database = Database::new().await;
    let store = &database.store;
    let key = AccountKey::Email(email("kari"));
    // Every connection of the pool and every lane has the statement now.
    for _ in 0..8 {
        store.sign_up(new_account("kari")).await.unwrap();
        store.find_account(&co(), &key).await.unwrap();
    }
    let change =
        "ALTER TABLE users ALTER COLUMN email TYPE VARCHAR(400), ALTER COLUMN status TYPE VARCHAR(40)";
    database.plain().await.batch_execute(change).await.unwrap();
    for _ in 0..8 {
        assert!(store.find_account(&co(), &key).await.unwrap().is_some());
        let taken = store.sign_up(new_account("kari")).await.unwrap();
        assert_eq!(taken, SignUpOutcome::EmailTaken);
    }
    database.discard().await;
}

#[tokio::test]
async fn statements_that_somebody_took_away_are_prepared_again() {
    let database = Database::with(|options| options.connections = 1).await;
    let store = &database.store;
    // What a pooler does between two clients of one server connection, done after each sign-up.
    let thief = "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN NEW; END $$;
        CREATE TRIGGER forget AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION forget()";
    database.plain().await.batch_execute(thief).await.unwrap();
    for name in ["kari", "ola", "per"] {
        let outcome = store.sign_up(new_account(name)).await.unwrap();
        assert!(matches!(outcome, SignUpOutcome::Created(_)), "{name}");
        assert!(store.set_password(of_nobody()).await.is_ok(), "{name}");
    }
    database.discard().await;
}

fn of_nobody() -> app::ports::store::SetPassword {
    app::ports::store::SetPassword {
        namespace: co(),
        user: domain::ids::UserId::new(uuid::Uuid::nil()),
        expected_epoch: None,
        password: testkit::builders::sealed("nobody's"),
        reason: domain::session::RevokeReason::Operator,
        notice: None,
        audit: testkit::builders::audit(),
    }
}

#[tokio::test]
async fn a_row_that_is_locked_too_long_is_unavailable_and_holds_up_nobody_else() {
    let database = Database::with(|options| options.operation_max = Duration::from_millis(800)).await;
    let store = &database.store;
    let SignUpOutcome::Created(user) = store.sign_up(new_account("kari")).await.unwrap() else {
        panic!("kari is taken")
    };
    let OpenSessionOutcome::Opened(opened) = store.open_session(open_by(&user)).await.unwrap() else {
        panic!("the credential changed")
    };
    let mut plain = database.plain().await;
    let holder = plain.transaction().await.unwrap();
    holder.batch_execute("SELECT 1 FROM sessions FOR UPDATE; SELECT 1 FROM users FOR UPDATE").await.unwrap();
    let begun = Instant::now();
    let refreshed = store.refresh_session(refresh(&opened.session, full(Slot::Body, 0))).await;
    let changed = store.set_password(set_password(&user)).await;
    for fault in [refreshed.err().unwrap(), changed.err().unwrap()] {
        assert_eq!(fault.kind(), FaultKind::Unavailable, "{fault}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(matches!(store.sign_up(new_account("ola")).await.unwrap(), SignUpOutcome::Created(_)));
    holder.rollback().await.unwrap();
    let again = store.refresh_session(refresh(&opened.session, full(Slot::Body, 0))).await.unwrap();
    assert_eq!(again.verdict, Verdict::Rotate);
    database.discard().await;
}
