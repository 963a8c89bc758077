//! What retention takes from the chain, and what it leaves.

use super::{Copy, LATER, check, flaw, seal};
use crate::harness::TestServer;
use app::audit_chain::{CutError, Flaw, cut_expired};
use app::ports::store::MarkName;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Events of 200 days, one sign-up every ten, sealed as they come.
async fn old_server() -> TestServer {
    let server = TestServer::start().await;
    for n in 0..20 {
        server.sign_up(&format!("n{n}@example.com")).await;
        server.advance(LATER);
        seal(&server.service).await;
        server.advance(DAY * 10);
    }
    server
}

/// ASVS 14.2.7: expired data is deleted on schedule; by default after 180 days.
#[tokio::test]
async fn asvs_14_2_7_retention_cuts_the_chain_and_what_is_left_verifies() {
    let server = old_server().await;
    let kept_for = server.settings.retention.audit;
    assert_eq!(kept_for, DAY * 180);
    let before = check(&server.service, None).await.unwrap();
    let oldest_kept = server.service.store.now().await.unwrap().minus(kept_for);
    let over = server.events().await.iter().filter(|event| event.at <= oldest_kept).count() as u64;
    assert!(over >= 2 && over < before.rows, "{over} of {}", before.rows);
    // A batch at a time.
    assert_eq!(cut_expired(&server.service, kept_for, 2).await.unwrap(), 2);
    assert_eq!(check(&server.service, before.head).await.unwrap().cut, 2);
    assert_eq!(cut_expired(&server.service, kept_for, 100).await.unwrap(), over - 2);
    assert_eq!(cut_expired(&server.service, kept_for, 100).await.unwrap(), 0);
    let after = check(&server.service, before.head).await.unwrap();
    assert_eq!((after.cut, after.rows, after.head), (over, before.rows - over, before.head));
    assert!(server.events().await.iter().all(|event| event.at > oldest_kept));
    // What somebody else removes is not taken for retention's.
    let copy = Copy::of(&server).await;
    copy.run(&format!("DELETE FROM events WHERE seq = {}", over + 1));
    assert_eq!(flaw(copy.verify(&server, None).await), Flaw::Removed { first: over + 1, last: over + 1 });
    let copy = Copy::of(&server).await;
    copy.run("DELETE FROM audit_marks WHERE name = 'cut'");
    assert_eq!(flaw(copy.verify(&server, None).await), Flaw::Removed { first: 1, last: over });
    let copy = Copy::of(&server).await;
    copy.run("UPDATE audit_marks SET seq = seq + 1 WHERE name = 'cut'");
    assert_eq!(flaw(copy.verify(&server, None).await), Flaw::MarkForged(MarkName::Cut));
}

#[tokio::test]
async fn a_chain_of_which_all_is_over_goes_on_where_it_ended() {
    let server = old_server().await;
    let before = check(&server.service, None).await.unwrap();
    server.advance(DAY * 200);
    assert_eq!(cut_expired(&server.service, DAY * 180, 100).await.unwrap(), before.rows);
    let empty = check(&server.service, before.head).await.unwrap();
    assert_eq!((empty.rows, empty.cut, empty.head), (0, before.rows, before.head));
    server.sign_up("new@example.com").await;
    server.advance(LATER);
    seal(&server.service).await;
    let after = check(&server.service, before.head).await.unwrap();
    assert_eq!((after.rows, after.head.unwrap().seq), (1, before.rows + 1));
}

/// A date that is set back would make a fresh event go like an old one, under a mark that we sign.
#[tokio::test]
async fn what_was_tampered_with_does_not_go_with_what_is_over() {
    let server = old_server().await;
    let database = rusqlite::Connection::open(server.data_dir().join("minbil-auth.db")).unwrap();
    database.execute_batch("UPDATE events SET at = 1").unwrap();
    let rows = server.events().await.len();
    let refused = cut_expired(&server.service, DAY * 180, 100).await.unwrap_err();
    assert!(matches!(refused, CutError::Flaw(Flaw::Edited(1))), "{refused}");
    assert_eq!(server.events().await.len(), rows);
}

#[tokio::test]
async fn a_noted_head_that_retention_has_passed_says_nothing() {
    let server = old_server().await;
    let whole = check(&server.service, None).await.unwrap();
    let first = server.service.store.read_chain(0, 1).await.unwrap().rows.remove(0);
    let noted = app::audit_chain::Anchor { seq: 1, seal: first.seal.unwrap() };
    assert!(check(&server.service, Some(noted)).await.is_ok());
    cut_expired(&server.service, DAY * 180, 100).await.unwrap();
    let cut = check(&server.service, whole.head).await.unwrap().cut;
    assert_eq!(flaw(check(&server.service, Some(noted)).await), Flaw::NotedTooOld { first: cut + 1 });
}
