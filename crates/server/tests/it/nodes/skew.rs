//! Nodes whose clocks are a minute off, each to its side.

use super::schema::{ROOT_KEY, Schema};
use crate::process::free_port;
use app::ports::clock::Clock;
use crypto::{SystemClock, SystemEntropy};
use domain::time::UnixMillis;
use minbil_auth::config::{Overrides, load};
use minbil_auth::{surface, wire};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The machine's clock, off by so much.
struct Skewed(i64);

impl Clock for Skewed {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(SystemClock.now().as_millis() + self.0)
    }
}

/// A node in this process, with a clock of its own.
async fn node(url: &str, skew: i64) -> String {
    let port = free_port();
    let pairs = [
        ("DATABASE__URL", url),
        ("ROOT_KEY", ROOT_KEY),
        ("LISTEN", &format!("127.0.0.1:{port}")),
        ("BASE_URL", "http://localhost:5000"),
        ("PASSWORDS__ARGON2_MEMORY_KIB", "64"),
        ("PASSWORDS__ARGON2_ITERATIONS", "1"),
    ];
    let environment: HashMap<_, _> =
        pairs.iter().map(|(name, value)| (format!("MINBIL_AUTH_{name}"), (*value).to_owned())).collect();
    let settings = load(&Overrides::default(), &environment).unwrap_or_else(|error| panic!("{error}"));
    let outside = wire::Outside { clock: Arc::new(Skewed(skew)), entropy: Arc::new(SystemEntropy) };
    let wired = wire::wire(&settings, outside).await.unwrap();
    wire::prepare(&wired.service, &settings).await.unwrap();
    let router = http_api::router(surface::state(&settings, &wired, &CancellationToken::new()));
    let listener = tokio::net::TcpListener::bind(settings.listen[0]).await.unwrap();
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    format!("http://127.0.0.1:{port}")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn a_skew_of_a_minute_to_either_side_breaks_nothing() {
    let schema = Schema::new().await;
    let minute = 60_000;
    let (late, early) = (node(&schema.url, -minute).await, node(&schema.url, minute).await);
    let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    let account = json!({ "email": "kari@example.com", "password": "a password at any time" });
    let call = async |base: &str, method: Method, path: &str, body: Option<Value>, token: Option<&str>| {
        let answer = super::client::send(&http, base, method, path, body.as_ref(), token).await.unwrap();
        assert!(answer.status < 300, "{path} at {base}: {answer:?}");
        answer
    };
    call(&late, Method::POST, "sign-up", Some(account.clone()), None).await;
    for (one, other) in [(&late, &early), (&early, &late)] {
        let signed_in = call(one, Method::POST, "sign-in", Some(account.clone()), None).await;
        // A token from a node that is two minutes ahead is not yet valid by the other's clock, and one from a node that
        // is behind not too old.
        call(other, Method::GET, "me", None, Some(&signed_in.text("access_token"))).await;
        let mut token = signed_in.text("refresh_token");
        for turn in 0..6 {
            let base = if turn % 2 == 0 { other } else { one };
            let body = json!({ "refresh_token": token });
            let first =
                call(base, Method::POST, "refresh", Some(body.clone()), None).await.text("refresh_token");
            // A lost answer: the other node gives the same successor, because the age is the database's to tell.
            let again = if turn % 2 == 0 { one } else { other };
            let second =
                call(again, Method::POST, "refresh", Some(body.clone()), None).await.text("refresh_token");
            assert_eq!(first, second);
            token = first;
        }
        let body = json!({ "refresh_token": token });
        call(one, Method::POST, "sign-out", Some(body.clone()), None).await;
    }
    schema.discard().await;
}
