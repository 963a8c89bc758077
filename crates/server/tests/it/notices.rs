//! What owners hear of sign-ins (ASVS 6.3.5).

use crate::harness::{Answer, BASE, OWNER, PASSWORD, Setup, TestServer};
use crate::limits::stranger;
use serde_json::json;
use std::net::IpAddr;
use std::time::Duration;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Mobile/15E148 Safari/604.1";
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn sign_in(server: &TestServer, agent: &str, from: IpAddr, password: &str) -> Answer {
    let body = json!({ "email": OWNER, "password": password });
    server.post("sign-in").json(&body).header("user-agent", agent).from(from).await
}

async fn server_with(setup: Setup) -> TestServer {
    let server = TestServer::with(setup).await;
    server.sign_up(OWNER).await;
    sign_in(&server, FIREFOX, stranger(1), PASSWORD).await.ok();
    server
}

async fn server() -> TestServer {
    server_with(Setup::default()).await
}

#[tokio::test]
async fn asvs_6_3_5_a_sign_in_from_a_new_device_is_told_to_the_owner_once() {
    let server = server().await;
    assert!(server.deliver_mail().await.is_empty(), "the very first one is told to nobody");
    sign_in(&server, IPHONE, stranger(2), PASSWORD).await.ok();
    let letter = server.one_letter().await;
    assert_eq!((letter.to.as_str(), letter.subject.as_str()), (OWNER, "New sign-in to your Minbil account"));
    assert!(letter.text.contains("Device: Safari on iPhone"), "{}", letter.text);
    assert!(letter.text.contains(&format!("IP address: {}", stranger(2))), "{}", letter.text);
    assert!(letter.text.contains(&format!("{BASE}/reset-password/co\n")), "{}", letter.text);
    for _ in 0..3 {
        sign_in(&server, IPHONE, stranger(2), PASSWORD).await.ok();
        sign_in(&server, FIREFOX, stranger(1), PASSWORD).await.ok();
    }
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn a_device_that_brings_its_mark_is_known_wherever_it_is() {
    let server = server().await;
    let device = sign_in(&server, FIREFOX, stranger(1), PASSWORD).await.device().unwrap().value;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let draft = server.post("sign-in").json(&body).header("user-agent", IPHONE).from(stranger(9));
    draft.device(&device).await.ok();
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn a_device_without_a_mark_is_told_of_once_in_thirty_days() {
    let server = server().await;
    for (days, letters) in [(0, 1), (29, 0), (1, 1)] {
        server.advance(DAY * days);
        let signed = sign_in(&server, IPHONE, stranger(2), PASSWORD).await.signed();
        server.post("sign-out").bearer(&signed.access).await.ok();
        assert_eq!(server.deliver_mail().await.len(), letters, "after {days} days more");
    }
}

#[tokio::test]
async fn a_restart_makes_no_news_of_devices_that_are_signed_in() {
    let server = server().await;
    let server = server.restart(&[]).await;
    sign_in(&server, FIREFOX, stranger(1), PASSWORD).await.ok();
    assert!(server.deliver_mail().await.is_empty());
    sign_in(&server, IPHONE, stranger(1), PASSWORD).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn asvs_6_3_5_a_sign_in_after_many_wrong_passwords_is_told_to_the_owner() {
    for (failures, letters) in [(4, 0), (5, 1)] {
        let server = server().await;
        for _ in 0..failures {
            sign_in(&server, FIREFOX, stranger(1), "a wrong password").await.problem("invalid_credentials");
        }
        sign_in(&server, FIREFOX, stranger(1), PASSWORD).await.ok();
        let told = server.deliver_mail().await;
        assert_eq!(told.len(), letters, "{failures} failures");
        assert!(told.iter().all(|letter| letter.subject.contains("after wrong passwords")), "{told:?}");
        // The row has ended: the next one is no news.
        sign_in(&server, FIREFOX, stranger(1), PASSWORD).await.ok();
        assert!(server.deliver_mail().await.is_empty());
    }
}

/// A sign-in that is under way is no failure, however many there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_right_passwords_at_once_are_no_news() {
    let server = server().await;
    let calls = (0..20).map(|_| sign_in(&server, FIREFOX, stranger(1), PASSWORD));
    for answer in futures_util::future::join_all(calls).await {
        answer.ok();
    }
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn the_switch_silences_new_devices_and_nothing_else() {
    let server = server_with(Setup::default().with("NAMESPACES__CO__NEW_DEVICE_MAILS", false)).await;
    sign_in(&server, IPHONE, stranger(2), PASSWORD).await.ok();
    assert!(server.deliver_mail().await.is_empty());
    for _ in 0..5 {
        sign_in(&server, IPHONE, stranger(3), "a wrong password").await.problem("invalid_credentials");
    }
    sign_in(&server, IPHONE, stranger(3), PASSWORD).await.ok();
    server.one_letter().await;
}

/// CWE-74: what a stranger writes into a header never reaches the owner under our name.
#[tokio::test]
async fn a_mail_never_repeats_what_a_client_says_of_itself() {
    let server = server().await;
    sign_in(&server, "Call +47 555 at once: https://evil.example", stranger(2), PASSWORD).await.ok();
    let letter = server.one_letter().await;
    assert!(letter.text.contains("Device: not recognised"), "{}", letter.text);
    assert!(!letter.text.contains("evil") && !letter.html.contains("evil"));
}

#[tokio::test]
async fn a_notice_speaks_the_language_of_the_client_that_signed_in() {
    let server = server().await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let draft = server.post("sign-in").json(&body).header("accept-language", "nb-NO").from(stranger(2));
    draft.await.ok();
    assert!(server.one_letter().await.subject.starts_with("Ny innlogging"));
}
