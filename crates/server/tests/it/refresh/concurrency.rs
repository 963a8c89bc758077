//! Refresh at the same moment as other things.

use crate::harness::Credential::{Bearer, Body, Cookie};
use crate::harness::{Answer, OWNER, PASSWORD, Signed, TestServer};
use domain::account::AccountStatus;
use std::collections::BTreeSet;
use std::future::{Future, IntoFuture as _};
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How many clients there are at once.
fn clients() -> usize {
    std::env::var("MINBIL_AUTH_TEST_CONCURRENT_CLIENTS").map_or(100, |text| text.parse().unwrap())
}

/// Lets all of them go at one moment; their answers.
async fn at_once<F>(calls: impl IntoIterator<Item = F>) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let calls: Vec<_> = calls.into_iter().collect();
    let barrier = Arc::new(Barrier::new(calls.len()));
    let mut running = JoinSet::new();
    for call in calls {
        let barrier = Arc::clone(&barrier);
        running.spawn(async move {
            barrier.wait().await;
            call.await
        });
    }
    running.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cve_2026_1035_concurrent_refreshes_with_one_token_are_one_step_and_one_successor() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let answers = at_once(
        (0..clients()).map(|_| server.post("refresh").presenting(Body(&owner.refresh)).into_future()),
    )
    .await;
    let successors: BTreeSet<_> = answers.iter().map(|answer| answer.signed().refresh).collect();
    assert_eq!((answers.len(), successors.len()), (clients(), 1), "a hundred times the same refresh token");
    assert!(answers.iter().all(|answer| answer.signed().claim("gen") == 1));
    let next = server.refresh(Body(successors.first().unwrap())).await.signed();
    assert_eq!(next.claim("gen"), 2, "one generation step for all of them");
    let graces = server.event_names().await.iter().filter(|name| **name == "refresh_grace").count();
    assert_eq!(graces, clients() - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_refreshes_with_one_cookie_all_set_the_same_cookie() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let answers =
        at_once((0..clients()).map(|_| server.post("refresh").cookie(&page.cookie).into_future())).await;
    let cookies: BTreeSet<_> = answers.iter().map(|answer| answer.cookie().value).collect();
    assert_eq!(cookies.len(), 1);
    let next = server.refresh(Cookie(cookies.first().unwrap())).await.signed();
    assert_eq!(next.claim("gen"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_refreshes_of_a_hundred_sessions_all_rotate() {
    let server = TestServer::start().await;
    let mut sessions = Vec::new();
    for number in 0..clients() {
        let email = format!("owner-{number}@example.com");
        server.sign_up(&email).await;
        sessions.push(server.sign_in(&email).await);
    }
    for _ in 0..3 {
        let calls =
            sessions.iter().map(|one| server.post("refresh").presenting(Body(&one.refresh)).into_future());
        let answers = at_once(calls).await;
        sessions = answers.iter().map(Answer::signed).collect();
    }
    assert!(sessions.iter().all(|signed| signed.claim("gen") == 3));
    let distinct: BTreeSet<_> = sessions.iter().map(Signed::session).collect();
    assert_eq!(distinct.len(), clients());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_that_goes_away_after_the_commit_gets_the_same_answer_later() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let written = server.writes();
    let call = server.post("refresh").presenting(Body(&owner.refresh)).into_future();
    let gone = tokio::spawn(call);
    // The client hangs up as soon as the write is committed, whether or not it was answered by then.
    while server.writes() == written {
        tokio::task::yield_now().await;
    }
    gone.abort();
    let first = server.refresh(Body(&owner.refresh)).await.signed();
    let second = server.refresh(Body(&owner.refresh)).await.signed();
    assert_eq!((first.claim("gen"), &first.refresh), (second.claim("gen"), &second.refresh));
    assert_eq!(server.refresh(Body(&first.refresh)).await.signed().claim("gen"), 2);
}

/// No token of the session works, neither the one that was there nor what a refresh gave meanwhile.
async fn nothing_works(server: &TestServer, before: &Signed, refreshed: &Answer) {
    let mut tokens = vec![before.clone()];
    if refreshed.status == 200 {
        tokens.push(refreshed.signed());
    }
    for signed in tokens {
        assert_eq!(server.refresh(Body(&signed.refresh)).await.status, 401);
        assert_eq!(server.refresh(Bearer(&signed.access)).await.status, 401);
        assert_eq!(server.me(&signed.access).await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keycloak_51312_no_token_survives_a_sign_out_that_races_a_refresh() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let mut rotated = 0;
    for round in 0..500 {
        let owner = server.sign_in(OWNER).await;
        let refresh = server.post("refresh").presenting(Body(&owner.refresh)).into_future();
        let sign_out = server.post("sign-out").presenting(Body(&owner.refresh)).into_future();
        let calls = if round % 2 == 0 { [refresh, sign_out] } else { [sign_out, refresh] };
        let (refreshed, out) = split(at_once(calls).await);
        assert_eq!(out.status, 200);
        rotated += usize::from(refreshed.status == 200);
        nothing_works(&server, &owner, &refreshed).await;
    }
    assert!((1..500).contains(&rotated), "both orders happened: {rotated} of 500 rotated first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn authorizer_669_no_token_survives_a_reset_that_races_a_refresh() {
    let mut server =
        TestServer::with(crate::harness::Setup::default().with("LIMITS__ENABLED", "false")).await;
    server.sign_up(OWNER).await;
    let mut password = PASSWORD.to_owned();
    for round in 0..60 {
        let owner = server.try_sign_in(OWNER, &password).await.signed();
        server.forgot(OWNER).await.ok();
        let letters = server.deliver_mail().await;
        let token = letters.iter().find(|one| one.text.contains("#token=")).unwrap().token();
        password = format!("password number {round}");
        let refresh = server.post("refresh").presenting(Body(&owner.refresh)).into_future();
        let body = serde_json::json!({ "token": token, "password": password });
        let reset = server.post("reset-password").json(&body).into_future();
        let (refreshed, done) = split(at_once([refresh, reset]).await);
        assert_eq!(done.status, 200, "{}", done.text());
        nothing_works(&server, &owner, &refreshed).await;
    }
    server.ignore_mail();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_token_survives_a_disabled_account_that_races_a_refresh_and_a_sign_in() {
    let server = Arc::new(TestServer::start().await);
    server.sign_up(OWNER).await;
    for _ in 0..100 {
        let owner = server.sign_in(OWNER).await;
        let refresh = server.post("refresh").presenting(Body(&owner.refresh)).into_future();
        let co = server.co.clone();
        let sign_in = tokio::spawn(async move { co.try_sign_in(OWNER, PASSWORD).await });
        let disabled = Arc::clone(&server);
        let disable = tokio::spawn(async move { disabled.set_status(OWNER, AccountStatus::Disabled).await });
        let refreshed = refresh.await;
        let signed_in = sign_in.await.unwrap();
        disable.await.unwrap();
        nothing_works(&server, &owner, &refreshed).await;
        if signed_in.status == 200 {
            nothing_works(&server, &signed_in.signed(), &signed_in).await;
        }
        server.set_status(OWNER, AccountStatus::Active).await;
    }
}

/// The refresh's answer first, whichever came first.
fn split(mut answers: Vec<Answer>) -> (Answer, Answer) {
    let at = answers.iter().position(|answer| answer.asked.ends_with("/refresh")).unwrap();
    let refreshed = answers.remove(at);
    (refreshed, answers.remove(0))
}
