//! Whoever has the database alone changes something, and the first thing that is wrong is named.

use super::{Copy, check, flaw, seal, sealed_server};
use crate::harness::record_log;
use app::audit_chain::{Anchor, Flaw, LastSeen, seal_next};
use app::ports::store::MarkName;
use app::service::Service;
use std::sync::Arc;

/// Every column of a row in the middle, each with another value.
#[tokio::test]
async fn asvs_16_4_2_an_edited_column_is_named_whichever_it_is() {
    let server = sealed_server().await;
    let edits = [
        ("id", "x'0198c8f0000070008000000000000000'"),
        ("at", "at + 1"),
        ("kind", "'sign_in_refusec'"),
        ("namespace", "'ws'"),
        ("user_id", "x'0198c8f0000070008000000000000001'"),
        ("session_id", "x'0198c8f0000070008000000000000002'"),
        ("actor", "'operator'"),
        ("request_id", "NULL"),
        ("address", "'203.0.113.9'"),
        ("detail", "''"),
        ("problem", "'account_disabled'"),
        ("times", "2"),
        ("seal_key", "2"),
        ("seal", "zeroblob(32)"),
        ("seal", "NULL"),
        ("seal", "x'00'"),
        // What is not one of ours at all.
        ("kind", "'party'"),
        ("user_id", "x'00'"),
        ("actor", "CAST(x'ff' AS TEXT)"),
    ];
    for (column, value) in edits {
        let copy = Copy::of(&server).await;
        assert!(copy.verify(&server, None).await.is_ok());
        copy.run(&format!("UPDATE events SET {column} = {value} WHERE seq = 4"));
        assert_eq!(flaw(copy.verify(&server, None).await), Flaw::Edited(4), "{column} = {value}");
    }
}

#[tokio::test]
async fn a_removed_reordered_or_inserted_event_is_named() {
    let server = sealed_server().await;
    let head = check(&server.service, None).await.unwrap().head.unwrap().seq;
    let swap = |a: u64, b: u64| {
        format!(
            "UPDATE events SET seq = 1000 WHERE seq = {a}; UPDATE events SET seq = {a} WHERE seq = {b};
             UPDATE events SET seq = {b} WHERE seq = 1000"
        )
    };
    let shift = "UPDATE events SET seq = -seq - 1 WHERE seq >= 4; UPDATE events SET seq = -seq WHERE seq < 0;
        INSERT INTO events (id, at, kind, actor, seq, seal_key, seal)
        SELECT x'0198c8f0000070008000000000000000', at, 'sign_in', 'client', 4, seal_key, zeroblob(32)
          FROM events WHERE seq = 5";
    let append = format!(
        "INSERT INTO events (id, at, kind, actor, seq, seal_key, seal)
         SELECT x'ff98c8f0000070008000000000000000', at, 'sign_in', 'client', {head} + 1, seal_key, seal
           FROM events WHERE seq = {head}"
    );
    let cases = [
        ("DELETE FROM events WHERE seq = 1".to_owned(), Flaw::Removed { first: 1, last: 1 }),
        ("DELETE FROM events WHERE seq IN (3, 4, 6)".to_owned(), Flaw::Removed { first: 3, last: 4 }),
        (format!("DELETE FROM events WHERE seq = {head}"), Flaw::Removed { first: head, last: head }),
        ("UPDATE events SET seq = NULL WHERE seq = 5".to_owned(), Flaw::Removed { first: 5, last: 5 }),
        ("UPDATE events SET seq = -5 WHERE seq = 5".to_owned(), Flaw::Removed { first: 5, last: 5 }),
        ("DELETE FROM events".to_owned(), Flaw::Removed { first: 1, last: head }),
        (swap(3, 6), Flaw::Moved { seq: 3, from: 6 }),
        (swap(1, 2), Flaw::Moved { seq: 1, from: 2 }),
        (swap(head - 1, head), Flaw::Moved { seq: head - 1, from: head }),
        (shift.to_owned(), Flaw::Inserted(4)),
        (append, Flaw::Inserted(head + 1)),
    ];
    for (sql, expected) in cases {
        let copy = Copy::of(&server).await;
        copy.run(&sql);
        assert_eq!(flaw(copy.verify(&server, None).await), expected, "{sql}");
    }
}

#[tokio::test]
async fn an_end_of_the_chain_cannot_be_marked_by_anybody_else() {
    let server = sealed_server().await;
    let forgeries = [
        "UPDATE audit_marks SET seq = 3",
        "UPDATE audit_marks SET mac = zeroblob(32)",
        // The chain is made shorter, and its end is marked with the seal that really is there.
        "UPDATE audit_marks SET seq = 3, seal = (SELECT seal FROM events WHERE seq = 3); DELETE FROM events WHERE seq > 3",
    ];
    for sql in forgeries {
        let copy = Copy::of(&server).await;
        copy.run(sql);
        assert_eq!(flaw(copy.verify(&server, None).await), Flaw::MarkForged(MarkName::Head), "{sql}");
    }
    let copy = Copy::of(&server).await;
    copy.run("DELETE FROM audit_marks");
    assert_eq!(flaw(copy.verify(&server, None).await), Flaw::MarkMissing(MarkName::Head));
    // The head's mark is none of retention's.
    copy.run(
        "INSERT INTO audit_marks SELECT 'cut', seq, seal, 1, zeroblob(32) FROM events WHERE seq = 3;
         DELETE FROM events WHERE seq <= 3",
    );
    assert_eq!(flaw(copy.verify(&server, None).await), Flaw::MarkForged(MarkName::Cut));
}

/// What the database cannot tell by itself: an older copy of all of it, and a chain that was begun anew.
#[tokio::test]
async fn a_head_that_was_noted_elsewhere_tells_a_shorter_and_a_remade_chain() {
    let server = sealed_server().await;
    let older = Copy::of(&server).await;
    server.sign_up("late@example.com").await;
    server.advance(super::LATER);
    seal(&server.service).await;
    let noted = check(&server.service, None).await.unwrap().head.unwrap();
    assert!(check(&server.service, Some(noted)).await.is_ok());
    let before = older.verify(&server, None).await.unwrap().head.unwrap().seq;
    let short = Flaw::Shortened { head: before, noted: noted.seq };
    assert_eq!(flaw(older.verify(&server, Some(noted)).await), short);
    let another = Anchor { seq: 4, seal: [4; 32] };
    assert_eq!(flaw(check(&server.service, Some(another)).await), Flaw::Remade(4));
    // Everything is gone, and nothing says that there was anything.
    older.run("DELETE FROM audit_marks; DELETE FROM events");
    assert_eq!(older.verify(&server, None).await.unwrap().rows, 0);
    assert_eq!(flaw(older.verify(&server, Some(noted)).await), Flaw::Shortened { head: 0, noted: noted.seq });
}

/// Another root key makes another chain, whatever the database says.
#[tokio::test]
async fn a_chain_under_another_root_key_is_not_ours() {
    let (ours, theirs) = (sealed_server().await, sealed_server().await);
    let copy = Copy::of(&theirs).await;
    assert!(copy.verify(&theirs, None).await.is_ok());
    assert_eq!(flaw(copy.verify(&ours, None).await), Flaw::MarkForged(MarkName::Head));
}

/// To go on from another place would hide what was done.
#[tokio::test]
async fn the_sealer_stops_at_a_head_that_is_not_its_own() {
    let server = sealed_server().await;
    let database = rusqlite::Connection::open(server.data_dir().join("minbil-auth.db")).unwrap();
    let forge = |mac: &str| database.execute_batch(&format!("UPDATE audit_marks SET mac = {mac}")).unwrap();
    let kept: Vec<u8> = database.query_row("SELECT mac FROM audit_marks", [], |row| row.get(0)).unwrap();
    server.sign_up("late@example.com").await;
    server.advance(super::LATER);
    forge("zeroblob(32)");
    let refused = seal_next(&server.service, &mut LastSeen::default(), false).await.unwrap_err();
    assert!(refused.to_string().contains("not one that this server made"), "{refused}");
    assert_eq!(unsealed(&server.service).await, 1);
    forge(&format!("x'{}'", kept.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
    seal(&server.service).await;
    assert_eq!(unsealed(&server.service).await, 0);
}

/// A chain only grows. One that has become shorter, with an end that once was genuine, is told in the log at once.
#[tokio::test]
async fn a_chain_that_goes_back_under_a_running_server_is_told() {
    let log = record_log();
    let server = sealed_server().await;
    let database = rusqlite::Connection::open(server.data_dir().join("minbil-auth.db")).unwrap();
    let old = "CREATE TABLE old AS SELECT * FROM audit_marks; CREATE TABLE kept AS SELECT id FROM events";
    database.execute_batch(old).unwrap();
    let mut seen = LastSeen::default();
    server.sign_up("late@example.com").await;
    server.advance(super::LATER);
    seal_next(&server.service, &mut seen, true).await.unwrap();
    assert!(seen.head().is_some());
    let back = "DELETE FROM events WHERE id NOT IN (SELECT id FROM kept); DELETE FROM audit_marks;
        INSERT INTO audit_marks SELECT * FROM old";
    database.execute_batch(back).unwrap();
    assert!(check(&server.service, None).await.is_ok(), "by itself it is whole");
    assert_eq!(log.lines_with("the audit log is shorter than it was").len(), 0);
    seal_next(&server.service, &mut seen, true).await.unwrap();
    assert_eq!(log.lines_with("the audit log is shorter than it was").len(), 1);
}

async fn unsealed(service: &Arc<Service>) -> u64 {
    service.store.count_unsealed().await.unwrap()
}
