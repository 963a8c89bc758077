//! Floods of made-up keys: paid for by network address before the store hears of them.

use super::{HEADER, KEPT_OUT, LET_IN, calls, issue, knock, made_up};
use crate::harness::{Setup, TestServer};
use app::outbox::MailOrder;
use async_trait::async_trait;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use testkit::watched_store::{StoreWatcher, WatchedStore};

/// How many keys the store was asked for.
#[derive(Default)]
struct Asked(AtomicU32);

#[async_trait]
impl StoreWatcher for Asked {
    async fn before(&self, method: &'static str, _: Option<&MailOrder>) {
        if method == "find_api_key" {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn after(&self, _: &'static str, _: &dyn Any) {}
}

/// Three wrong keys from one network address, and one more a minute.
fn setup() -> Setup {
    let setup = Setup::default().with("NAMESPACES__WS__API_KEY_REQUIRED", true);
    setup.with("LIMITS__REFRESH_ADDRESS_BURST", 3).with("LIMITS__REFRESH_ADDRESS_REFILL_SECONDS", 60)
}

async fn watched() -> (TestServer, Arc<Asked>) {
    let asked = Arc::new(Asked::default());
    let watcher = Arc::clone(&asked);
    let change = move |service: &mut app::service::Service| {
        service.store = Arc::new(WatchedStore::new(Arc::clone(&service.store), watcher));
    };
    (TestServer::with(setup().change(change)).await, asked)
}

#[tokio::test]
async fn a_flood_of_made_up_keys_reaches_its_limit_and_not_the_store() {
    let (server, asked) = watched().await;
    let asked = || asked.0.load(Ordering::SeqCst);
    let good = issue(&server, "ws", "web", None).await;
    knock(&server).header(HEADER, good.text.expose()).await.problem(LET_IN);
    let before = asked();
    for number in 0..20 {
        let answer = knock(&server).header(HEADER, made_up(number)).await;
        let (code, status) = if number < 3 { (KEPT_OUT, 401) } else { ("rate_limited", 429) };
        answer.problem(code);
        assert_eq!(answer.status, status);
    }
    assert_eq!(asked() - before, 3, "only what was paid for was looked up");
    // Who shares the address and comes with a key that works goes on, without a query.
    knock(&server).header(HEADER, good.text.expose()).await.problem(LET_IN);
    assert_eq!(asked() - before, 3);
    // A key that was believed for long enough is asked for again, and that is no guess.
    server.advance(Duration::from_secs(30));
    knock(&server).header(HEADER, good.text.expose()).await.problem(LET_IN);
    assert_eq!(asked() - before, 4);
    knock(&server).header(HEADER, made_up(99)).from([198, 51, 100, 1]).await.problem(KEPT_OUT);
}

#[tokio::test]
async fn a_mistyped_key_costs_no_query() {
    let (server, asked) = watched().await;
    let good = issue(&server, "ws", "web", None).await;
    let mut mistyped = good.text.expose().to_owned();
    let other = if mistyped[20..].starts_with('A') { "B" } else { "A" };
    mistyped.replace_range(20..21, other);
    knock(&server).header(HEADER, mistyped).await.problem(KEPT_OUT);
    assert_eq!(asked.0.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_right_key_costs_nothing_of_the_limit() {
    let (server, _) = watched().await;
    for number in 0..10 {
        let key = issue(&server, "ws", &format!("key {number}"), None).await;
        knock(&server).header(HEADER, key.text.expose()).await.problem(LET_IN);
    }
}

#[tokio::test]
async fn guesses_at_a_key_that_is_known_are_counted_too() {
    let (server, asked) = watched().await;
    let good = issue(&server, "ws", "web", None).await;
    knock(&server).header(HEADER, good.text.expose()).await.problem(LET_IN);
    for number in 0..6 {
        let secret = domain::api_key::ApiKeySecret::filled_by(|bits| bits.fill(number));
        let guess = domain::api_key::ApiKeyText { id: good.key.id, secret }.encode();
        let code = if number < 3 { KEPT_OUT } else { "rate_limited" };
        knock(&server).header(HEADER, guess).await.problem(code);
    }
    assert_eq!(asked.0.load(Ordering::SeqCst), 4);
    knock(&server).header(HEADER, good.text.expose()).await.problem(LET_IN);
}

#[tokio::test]
async fn every_call_says_that_there_were_too_many() {
    let (server, _) = watched().await;
    for number in 0..3 {
        knock(&server).header(HEADER, made_up(number)).await.problem(KEPT_OUT);
    }
    for namespace in ["co", "ws"] {
        for (path, draft) in calls(&server, namespace).await {
            let answer = draft.header(HEADER, made_up(9)).await;
            answer.problem("rate_limited");
            assert!(answer.header("ratelimit").unwrap().starts_with("\"refresh-address\";r=0"), "{path}");
        }
    }
}
