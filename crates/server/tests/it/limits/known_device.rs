//! The owner gets in: from a device that signed in before, or through a mailed link.

use super::{WRONG, assert_limited, guess, limited, stranger};
use crate::harness::{APP, Answer, EVIL, OWNER, PASSWORD, Setup, TestServer};
use serde_json::json;
use std::net::IpAddr;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn known(server: &TestServer) -> String {
    server.try_sign_in(OWNER, PASSWORD).await.device().unwrap().value
}

async fn from_device(server: &TestServer, device: &str, password: &str, from: IpAddr) -> Answer {
    let body = json!({ "email": OWNER, "password": password });
    server.post("sign-in").json(&body).device(device).from(from).await
}

/// Strangers use up all that strangers may.
async fn shut_strangers_out(server: &TestServer) {
    let mut number = 100;
    while guess(server, OWNER, stranger(number)).await.status == 401 {
        number += 1;
    }
    server.try_sign_in(OWNER, PASSWORD).await.problem("rate_limited");
}

#[tokio::test]
async fn a_known_device_signs_in_while_strangers_are_shut_out() {
    let server = limited().await;
    let device = known(&server).await;
    shut_strangers_out(&server).await;
    // Also from a network address that has used up its own.
    for n in 0..10 {
        guess(&server, &format!("nobody{n}@example.com"), stranger(1)).await.problem("invalid_credentials");
    }
    for _ in 0..20 {
        from_device(&server, &device, PASSWORD, stranger(1)).await.ok();
    }
    // That the owner is in opens nothing to strangers.
    server.try_sign_in(OWNER, PASSWORD).await.problem("rate_limited");
}

#[tokio::test]
async fn a_known_device_has_a_budget_of_its_own_and_an_end() {
    let server = limited().await;
    let device = known(&server).await;
    for _ in 0..10 {
        from_device(&server, &device, WRONG, stranger(1)).await.problem("invalid_credentials");
    }
    assert_limited(&from_device(&server, &device, PASSWORD, stranger(1)).await, "sign-in-device", 6);
    for _ in 0..90 {
        server.advance(Duration::from_secs(6));
        from_device(&server, &device, WRONG, stranger(1)).await.problem("invalid_credentials");
    }
    server.advance(Duration::from_secs(6));
    let last = from_device(&server, &device, PASSWORD, stranger(1)).await;
    assert_limited(&last, "sign-in-device", 24 * 3600 - 6);
    // The strangers' budget is untouched by all that, and the other way round.
    server.sign_in(OWNER).await;
}

#[tokio::test]
async fn a_fresh_mark_of_a_known_device_is_still_the_same_device() {
    let server = limited().await;
    let first = known(&server).await;
    let second = from_device(&server, &first, PASSWORD, stranger(1)).await.device().unwrap().value;
    server.advance(Duration::from_secs(1));
    for (n, device) in [&first, &second].into_iter().cycle().take(10).enumerate() {
        let from = stranger(u32::try_from(n).unwrap());
        from_device(&server, device, WRONG, from).await.problem("invalid_credentials");
    }
    assert_limited(&from_device(&server, &first, WRONG, stranger(1)).await, "sign-in-device", 6);
    assert_limited(&from_device(&server, &second, WRONG, stranger(1)).await, "sign-in-device", 6);
}

#[tokio::test]
async fn a_mark_is_worth_nothing_for_another_account_namespace_or_spelling_or_when_it_is_old() {
    let server = limited().await;
    let device = known(&server).await;
    server.sign_up("other@example.com").await;
    let others = server.try_sign_in("other@example.com", PASSWORD).await.device().unwrap().value;
    shut_strangers_out(&server).await;
    let mut altered = device.clone();
    altered.replace_range(30..31, if &device[30..31] == "A" { "B" } else { "A" });
    for bad in [others.as_str(), &altered, &format!("{device}="), "", "mbd1_", &device[5..]] {
        from_device(&server, bad, PASSWORD, stranger(1)).await.problem("rate_limited");
    }
    // Two marks are none: nobody can say which is ours.
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let draft = server.post("sign-in").json(&body).device(&device).device(&device);
    draft.await.problem("rate_limited");
    from_device(&server, &device, PASSWORD, stranger(1)).await.ok();
    for n in 0..10 {
        guess(&server.ws, OWNER, stranger(n)).await.problem("invalid_credentials");
    }
    let in_ws = server.ws.post("sign-in").json(&body).device(&device).from(stranger(50)).await;
    in_ws.problem("rate_limited");
}

#[tokio::test]
async fn a_mark_is_forgotten_after_thirty_days_and_renewed_by_every_sign_in() {
    let server = limited().await;
    let mut device = known(&server).await;
    for _ in 0..3 {
        server.advance(DAY * 29);
        shut_strangers_out(&server).await;
        device = from_device(&server, &device, PASSWORD, stranger(1)).await.device().unwrap().value;
    }
    server.advance(DAY * 30);
    shut_strangers_out(&server).await;
    from_device(&server, &device, PASSWORD, stranger(1)).await.problem("rate_limited");
}

#[tokio::test]
async fn a_mailed_link_works_while_strangers_are_shut_out_and_lets_the_owner_in_again() {
    let server = limited().await;
    shut_strangers_out(&server).await;
    let token = server.reset_token(OWNER).await;
    let answer = server.reset(&token, "another horse battery").await;
    let device = answer.device().unwrap().value;
    // The row of failures is over, for every device.
    server.try_sign_in(OWNER, "another horse battery").await.ok();
    // And whatever strangers do next, this one is known.
    shut_strangers_out(&server).await;
    from_device(&server, &device, "another horse battery", stranger(1)).await.ok();
    assert_eq!(server.deliver_mail().await.len(), 1, "the notice");
}

#[tokio::test]
async fn asvs_3_3_the_mark_is_a_cookie_that_no_script_and_no_other_site_gets() {
    let server = limited().await;
    let answer = server.try_sign_in(OWNER, PASSWORD).await;
    let mark = answer.device().unwrap();
    assert_eq!(mark.name, "__Secure-minbil_device_co");
    let expected = ["Path=/api/co/auth", "Max-Age=2592000", "Secure", "HttpOnly", "SameSite=Strict"];
    assert_eq!(mark.attributes, expected);
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let sign_in = async |origin| server.post("sign-in").json(&body).header("origin", origin).await;
    assert!(sign_in(APP).await.device().is_some());
    assert!(sign_in(EVIL).await.device().is_none());
    server.try_sign_in(OWNER, WRONG).await.device().ok_or(()).unwrap_err();
}

#[tokio::test]
async fn the_mark_opens_nothing() {
    let server = limited().await;
    let device = known(&server).await;
    server.get("me").bearer(&device).await.problem("invalid_token");
    server.post("refresh").json(&json!({ "refresh_token": device })).await.problem("invalid_token");
    server.post("refresh").cookie(&device).await.problem("invalid_token");
    server.reset(&device, "another horse battery").await.problem("reset_token_invalid");
}

#[tokio::test]
async fn refresh_does_not_care_how_many_failed_to_sign_in() {
    let server = TestServer::with(Setup::default().limited()).await;
    let owner = server.owner().await;
    shut_strangers_out(&server).await;
    server.post("refresh").bearer(&owner.access).await.ok();
}
