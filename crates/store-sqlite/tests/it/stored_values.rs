//! What lies in the rows: their size, what is left after a deletion, and what happens to a damaged one.

use crate::database::Database;
use app::fault::{Fault, FaultKind};
use app::outbox::{MailOrder, MailSubject, Notice};
use app::ports::store::{
    AccountChange, AccountStore as _, AuditStore as _, BeginReset, KeyStore as _, OutboxStore as _,
    ResetStore as _, SessionStore as _, StoreUpkeep as _,
};
use domain::account::User;
use domain::email_address::EmailAddress;
use domain::ids::SessionId;
use domain::refresh_token::MacKeyId;
use domain::session::Slot;
use rusqlite::Connection;
use std::time::Duration;
use testkit::builders::{
    audit, co, email, forgot, full, notice, open, redeem, redirect, refresh, signing_key,
};

/// ASVS 6.3.8: the growth of the file must not tell which address was asked for.
#[tokio::test]
async fn asvs_6_3_8_every_request_for_a_reset_has_one_size() {
    let database = Database::new();
    database.sign_up("kari").await;
    let longest = format!("{}@{}.example.com", "a".repeat(64), vec!["b".repeat(58); 3].join("."));
    let far = format!("https://platform.minbil.no/{}", "c".repeat(480));
    for (email, target) in [("kari@example.com", "http://localhost/"), (&longest, &far), ("a@b.no", &far)] {
        let email = EmailAddress::parse(email).unwrap();
        let subject = MailSubject::ForgotPassword { email, redirect: redirect(target) };
        database.store.order_mail(MailOrder { subject, ..forgot("kari") }, audit()).await.unwrap();
    }
    let sizes: Vec<i64> = column(
        &database.outside(),
        "SELECT length(email) + length(redirect_to) + length(padding) FROM outbox",
    );
    assert_eq!(sizes.len(), 3);
    assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
}

/// The clock stands still, so all of this happens within one millisecond.
#[tokio::test]
async fn what_happens_within_one_millisecond_is_kept_in_its_order() {
    let database = Database::new();
    let (mut users, mut orders) = (Vec::new(), Vec::new());
    for n in 0..50 {
        users.push(Some(database.sign_up(&format!("n{n}")).await.id));
        orders.push(database.store.order_mail(forgot(&format!("n{n}")), audit()).await.unwrap());
    }
    let mut events = database.store.list_events(1000).await.unwrap();
    events.retain(|event| event.user.is_some());
    let listed: Vec<_> = events.into_iter().rev().map(|event| event.user).collect();
    assert_eq!(listed, users);
    let claimed = database.store.claim_mail(100, Duration::from_secs(60)).await.unwrap();
    assert_eq!(claimed.into_iter().map(|mail| mail.id).collect::<Vec<_>>(), orders);
}

fn column<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> Vec<T> {
    let mut select = connection.prepare(sql).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every table and column whose text holds `needle`.
fn places(connection: &Connection, needle: &str) -> Vec<String> {
    let sql = "SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c
                WHERE m.type = 'table'";
    let mut found: Vec<String> = column(connection, sql);
    found.retain(|place| {
        let (table, column) = place.split_once('.').unwrap();
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE instr(CAST({column} AS TEXT), ?1))");
        connection.query_row(&sql, [needle], |row| row.get(0)).unwrap()
    });
    found
}

#[tokio::test]
async fn a_deleted_accounts_address_is_nowhere() {
    let database = Database::new();
    // Asked for before the account existed: a tombstone that names the address under another id.
    let order = database.store.order_mail(forgot("kari"), audit()).await.unwrap();
    database.store.begin_reset(order, MacKeyId(1), Duration::from_secs(60)).await.unwrap();
    let kari = database.sign_up("kari").await;
    database.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let outside = database.outside();
    let address = email("kari");
    assert_eq!(places(&outside, address.as_str()), ["users.email", "resets.email", "outbox.email"]);
    database.store.delete_account(&co(), kari.id, audit()).await.unwrap();
    assert_eq!(places(&outside, address.as_str()), Vec::<String>::new());
}

/// A change of the credential voids the resets in the same write, and the epoch and status are looked at all the same:
/// neither guard leans on the other.
#[tokio::test]
async fn each_guard_of_a_reset_holds_alone() {
    let database = Database::new();
    let kari = database.sign_up("kari").await;
    let order = database.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let begun = database.store.begin_reset(order, MacKeyId(1), Duration::from_secs(60)).await.unwrap();
    let BeginReset::Send(pending) = begun else { unreachable!("an active account has the address") };
    let outside = database.outside();
    let guards = [
        ("UPDATE users SET credential_epoch = 1", "UPDATE users SET credential_epoch = 0"),
        ("UPDATE users SET status = 'disabled'", "UPDATE users SET status = 'active'"),
        ("UPDATE resets SET void_at = 1", "UPDATE resets SET void_at = NULL"),
    ];
    for (close, reopen) in guards {
        outside.execute(close, []).unwrap();
        let refused = database.store.redeem_reset(redeem(&kari, &pending)).await.unwrap();
        assert_eq!(refused, AccountChange::Refused, "{close}");
        outside.execute(reopen, []).unwrap();
    }
    let done = database.store.redeem_reset(redeem(&kari, &pending)).await.unwrap();
    assert_ne!(done, AccountChange::Refused);
}

/// A session with everything that can be read, and a row of every other kind.
async fn filled(database: &Database) -> (User, SessionId) {
    let kari = database.sign_up("kari").await;
    let opening = open(&kari);
    let id = opening.id;
    database.store.open_session(opening).await.unwrap();
    let order = database.store.order_mail(forgot("kari"), audit()).await.unwrap();
    database.store.begin_reset(order, MacKeyId(1), Duration::from_secs(60)).await.unwrap();
    database.store.order_mail(notice(&kari, Notice::PasswordChanged), audit()).await.unwrap();
    database.store.remember_root_key(1, [1; 32]).await.unwrap();
    database.store.add_signing_key(signing_key("a", kari.created_at), None, audit()).await.unwrap();
    database.store.put_decoy(&co(), kari.id, testkit::builders::sealed("decoy")).await.unwrap();
    (kari, id)
}

/// Damages one column and says what reading the row comes to.
async fn read_damaged(table: &str, column: &str, value: &str) -> Fault {
    let database = Database::new();
    let (kari, session) = filled(&database).await;
    let of_kind = match (table, column) {
        ("outbox", "user_id") => "WHERE user_id IS NOT NULL",
        ("outbox", "email" | "redirect_to") => "WHERE email IS NOT NULL",
        _ => "",
    };
    let outside = database.outside();
    assert!(outside.execute(&format!("UPDATE {table} SET {column} = {value} {of_kind}"), []).unwrap() > 0);
    let store = &database.store;
    let result = match table {
        "users" if column == "password" || column == "id" => {
            store.list_accounts(&co(), None, 10).await.map(|_| ())
        }
        "users" => store.find_account(&co(), &app::ports::store::AccountKey::Id(kari.id)).await.map(|_| ()),
        "decoys" => store.find_decoy(&co()).await.map(|_| ()),
        "sessions" => store.find_session(&co(), session).await.map(|_| ()),
        "resets" => {
            let id = column_of_reset(&outside);
            store.find_reset(&co(), id).await.map(|_| ())
        }
        "outbox" => store.claim_mail(10, Duration::from_secs(60)).await.map(|_| ()),
        "root_keys" => store.root_key_fingerprints().await.map(|_| ()),
        "signing_keys" => store.list_signing_keys().await.map(|_| ()),
        _ => store.list_events(100).await.map(|_| ()),
    };
    // The store itself is none the worse for it.
    store.check().await.unwrap();
    result.expect_err(&format!("{table}.{column}"))
}

fn column_of_reset(connection: &Connection) -> domain::ids::ResetId {
    let id: [u8; 16] = column(connection, "SELECT id FROM resets")[0];
    domain::ids::ResetId::new(uuid::Uuid::from_bytes(id))
}

#[tokio::test]
async fn a_damaged_value_is_an_error_that_names_its_column() {
    let damages = [
        ("users", "id", "x'ff'"),
        ("users", "email", "'nobody'"),
        ("users", "status", "'asleep'"),
        ("users", "credential_epoch", "-1"),
        ("decoys", "id", "x'0011'"),
        ("sessions", "user_id", "x'00'"),
        ("sessions", "salt", "x'0011'"),
        ("sessions", "mac_key", "1 << 40"),
        ("sessions", "body_generation", "-1"),
        ("sessions", "cookie_generation", "1 << 32"),
        ("resets", "user_id", "x''"),
        ("resets", "email", "'a@b@c'"),
        ("resets", "credential_epoch", "-5"),
        ("outbox", "kind", "'love_letter'"),
        ("outbox", "locale", "'xx'"),
        ("outbox", "email", "'nobody'"),
        ("outbox", "redirect_to", "'javascript:alert(1)'"),
        ("outbox", "user_id", "x'00'"),
        ("outbox", "attempts", "-1"),
        ("root_keys", "fingerprint", "x'00'"),
        ("signing_keys", "algorithm", "'none'"),
        ("signing_keys", "namespace", "'C O'"),
        ("events", "kind", "'party'"),
        ("events", "namespace", "'C O'"),
        ("events", "user_id", "x'00'"),
        ("events", "actor", "'ghost'"),
    ];
    for (table, column, value) in damages {
        let fault = read_damaged(table, column, value).await;
        assert_eq!(fault.kind(), FaultKind::Internal, "{table}.{column}: {fault}");
        assert!(fault.to_string().contains(column), "{table}.{column}: {fault}");
    }
}

/// A revocation whose reason cannot be read is still a revocation: nothing rotates.
#[tokio::test]
async fn a_damaged_revocation_lets_nobody_in() {
    let database = Database::new();
    let kari = database.sign_up("kari").await;
    let app::ports::store::OpenSessionOutcome::Opened(opened) =
        database.store.open_session(open(&kari)).await.unwrap()
    else {
        unreachable!("nothing changed")
    };
    let outside = database.outside();
    outside.execute("UPDATE sessions SET revoked_at = 1, revoke_reason = 'whim'", []).unwrap();
    let result = database.store.refresh_session(refresh(&opened.session, full(Slot::Body, 0))).await;
    assert!(result.unwrap_err().to_string().contains("revoke_reason"));
    let generation: Vec<i64> = column(&outside, "SELECT body_generation FROM sessions");
    assert_eq!(generation, [0]);
}
