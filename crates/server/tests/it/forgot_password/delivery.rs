//! From the order to the mailbox, through failures of the mail server.

use crate::harness::{OWNER, PASSWORD, TestServer};
use app::deliver_mail::{MailWork, deliver_next};
use app::ports::mailer::Delivery;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const NEW: &str = "a new password";

fn failed(is_permanent: bool, may_have_reached_data: bool) -> Delivery {
    Delivery::Failed { is_permanent, may_have_reached_data, reason: "on purpose".to_owned() }
}

#[tokio::test]
async fn a_mail_server_that_is_down_changes_no_answer_and_loses_no_mail() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let good = server.forgot("nobody@example.com").await;
    server.mail_server_answers(failed(false, false));
    let asked = server.forgot(OWNER).await;
    assert_eq!(asked.bytes_but_request_id(), good.bytes_but_request_id());
    assert!(server.deliver_mail().await.is_empty());
    server.advance(Duration::from_secs(5));
    let letter = server.one_letter().await;
    assert_eq!(letter.to, OWNER);
    server.reset(&letter.token(), NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn a_link_that_surely_never_left_is_made_anew_and_lives_from_then() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.forgot(OWNER).await.ok();
    for attempt in 0..8 {
        server.mail_server_answers(failed(false, false));
        assert!(server.deliver_mail().await.is_empty());
        server.advance(Duration::from_secs(5 << attempt));
    }
    // 21 minutes have passed; the thirty begin with the attempt that arrives.
    let token = server.one_letter().await.token();
    server.advance(Duration::from_mins(30) - Duration::from_millis(1));
    server.reset(&token, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn a_link_that_may_have_left_is_sent_again_as_it_was() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.forgot(OWNER).await.ok();
    server.mail_server_answers(failed(false, true));
    let first = server.one_letter().await;
    server.advance(Duration::from_secs(5));
    let second = server.one_letter().await;
    assert_eq!(
        (&first.id, first.link()),
        (&second.id, second.link()),
        "the same mail, so the same Message-ID"
    );
    server.advance(Duration::from_mins(30) - Duration::from_secs(5));
    server
        .reset(&second.text.split("#token=").nth(1).unwrap().chars().take(85).collect::<String>(), NEW)
        .await
        .problem("reset_token_expired");
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_not_tried_again() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.forgot(OWNER).await.ok();
    server.mail_server_answers(failed(true, false));
    assert!(server.deliver_mail().await.is_empty());
    server.advance(Duration::from_hours(24));
    assert!(server.deliver_mail().await.is_empty());
    // It waits for an operator.
    assert_eq!(server.service.store.retry_mail(None).await.unwrap(), 1);
    let token = server.one_letter().await.token();
    server.reset(&token, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn a_password_that_changed_before_the_resend_ends_the_order() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    server.forgot(OWNER).await.ok();
    server.mail_server_answers(failed(false, true));
    let first = server.one_letter().await;
    server.change(&signed.access, PASSWORD, NEW).await.ok();
    server.advance(Duration::from_secs(5));
    let letters = server.deliver_mail().await;
    assert_eq!(letters.len(), 1, "the notice of the change, and no second link");
    assert!(!letters[0].text.contains("#token="));
    server.reset(&first.token(), "a third password").await.problem("reset_token_invalid");
}

#[tokio::test]
async fn an_order_for_an_account_that_is_gone_is_owed_to_nobody() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.forgot(OWNER).await.ok();
    server.delete_account(OWNER).await;
    assert!(server.deliver_mail().await.is_empty());
    assert!(server.service.store.list_mail(false, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_mail_order_survives_a_restart() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.forgot(OWNER).await.ok();
    let server = server.restart(&[("PASSWORDS__THREADS", "1")]).await;
    let token = server.one_letter().await.token();
    server.reset(&token, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn asvs_1_2_1_an_address_is_text_in_every_part_of_a_mail() {
    let server = TestServer::start().await;
    let email = "a&b'{{7*7}}${7*7}%25s@example.com";
    server.sign_up(email).await;
    server.forgot(email).await.ok();
    let letter = server.one_letter().await;
    assert_eq!(letter.to, email);
    assert!(letter.text.contains(email) || !letter.text.contains("@example.com"), "{}", letter.text);
    // A token may hold any digits by chance.
    let html = letter.html.replace(&letter.token(), "TOKEN");
    assert!(!html.contains("a&b") && !html.contains("49"), "{html}");
    assert!(!letter.subject.contains('@'), "{}", letter.subject);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_workers_deliver_every_mail_once() {
    let server = TestServer::start().await;
    for number in 0..20 {
        let email = format!("owner{number}@example.com");
        server.sign_up(&email).await;
        server.forgot(&email).await.ok();
    }
    let work = MailWork { lease: server.settings.mail_lease, retry: server.settings.mail_retry };
    let mut workers = JoinSet::new();
    for _ in 0..6 {
        let service = Arc::clone(&server.service);
        workers.spawn(async move { while deliver_next(&service, work).await.unwrap() {} });
    }
    workers.join_all().await;
    let letters = server.deliver_mail().await;
    let recipients: BTreeSet<_> = letters.iter().map(|letter| letter.to.clone()).collect();
    assert_eq!((letters.len(), recipients.len()), (20, 20));
}

#[tokio::test]
async fn a_worker_that_dies_in_the_middle_leaves_the_mail_to_the_next() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.forgot(OWNER).await.ok();
    let claimed = server.service.store.claim_mail(1, server.settings.mail_lease).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert!(server.deliver_mail().await.is_empty(), "leased");
    server.advance(server.settings.mail_lease);
    let token = server.one_letter().await.token();
    server.reset(&token, NEW).await.ok();
    server.one_letter().await;
}
