//! What `cargo xtask gate` counts the instructions of: refreshes and sign-ins through the router of the server, in this
//! process, with nothing in them that differs between two runs.
//!
//! One thread serves, the clock stands, randomness comes from a seed, and no socket is opened. The password is not
//! hashed: a hash costs what its parameters say, a hundred times what is looked at here. The store is the real one, with
//! its writer's thread, on a file in a folder of its own.
#![expect(clippy::print_stdout, reason = "a measuring tool prints what it measures")]

use anyhow::Context as _;
use app::fault::Fault;
use app::ports::password_hasher::{HashPermit, PasswordHasher, QueueFull, SealedPassword, Verification};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use crypto::HashingParameters;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use domain::password::Password;
use serde_json::{Value, json};
use server::config::{self, Overrides};
use server::surface;
use server::wire::{self, Outside};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use testkit::{FakeClock, SeededEntropy};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

const HOST: &str = "api.example.com";
const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "correct horse battery";
/// More than an answer of these calls has.
const ANSWER_MAX: usize = 64 * 1024;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    run(&arguments)
}

/// `REFRESHES SIGN_INS`: does so many of both, one after the other.
fn run(arguments: &[String]) -> anyhow::Result<()> {
    let [refreshes, sign_ins] = arguments else {
        anyhow::bail!("minbil-auth-instructions REFRESHES SIGN_INS");
    };
    let (refreshes, sign_ins): (u32, u32) = (refreshes.parse()?, sign_ins.parse()?);
    let data = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(call(data.path(), refreshes, sign_ins))?;
    println!("features: {}", features().join(" "));
    println!("{refreshes} refreshes, {sign_ins} sign-ins");
    Ok(())
}

async fn call(data: &Path, refreshes: u32, sign_ins: u32) -> anyhow::Result<()> {
    let overrides = Overrides { data_dir: Some(data.to_owned()), ..Overrides::default() };
    let mut settings = config::load(&overrides, &environment())?;
    settings.hashing = HashingParameters::minimal_for_tests();
    let entropy = Arc::new(SeededEntropy::default());
    let mut wired = wire::wire(&settings, Outside { clock: Arc::new(FakeClock::default()), entropy }).await?;
    wire::prepare(&wired.service, &settings).await?;
    let service = Arc::get_mut(&mut wired.service).context("somebody else has the service already")?;
    service.hasher = Arc::new(NoHash);
    let router = http_api::router(surface::state(&settings, &wired, &CancellationToken::new()));
    post(&router, "sign-up", &json!({ "email": EMAIL, "password": PASSWORD })).await?;
    let mut refresh_token = sign_in(&router).await?;
    for _ in 0..refreshes {
        let answer = post(&router, "refresh", &json!({ "refresh_token": refresh_token })).await?;
        refresh_token = token_of(&answer)?;
    }
    for _ in 0..sign_ins {
        sign_in(&router).await?;
    }
    drop(router);
    wired.database.close().await?;
    Ok(())
}

/// Production, as the world sees it. The root key is the same in every run; nothing is kept under it.
fn environment() -> HashMap<String, String> {
    let root_key = crypto::RootKeys::new_text(&SeededEntropy::of(1));
    [
        ("MODE", "production"),
        ("BASE_URL", "https://api.example.com"),
        ("ROOT_KEY", root_key.as_str()),
        // Never spoken to: no worker runs.
        ("MAIL__SMTP_URL", "smtp://127.0.0.1:1?tls=none"),
        ("PASSWORDS__THREADS", "1"),
    ]
    .into_iter()
    .map(|(key, value)| (format!("MINBIL_AUTH_{key}"), value.to_owned()))
    .collect()
}

async fn sign_in(router: &Router) -> anyhow::Result<String> {
    token_of(&post(router, "sign-in", &json!({ "email": EMAIL, "password": PASSWORD })).await?)
}

fn token_of(answer: &Value) -> anyhow::Result<String> {
    let token = answer.get("refresh_token").and_then(Value::as_str);
    Ok(token.context("the answer has no refresh token")?.to_owned())
}

async fn post(router: &Router, call: &str, body: &Value) -> anyhow::Result<Value> {
    let mut request = Request::post(format!("/api/co/auth/{call}"))
        .header(header::HOST, HOST)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "counted/1.0")
        .body(Body::from(body.to_string()))?;
    let peer = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 7), 40_000));
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), ANSWER_MAX).await?;
    anyhow::ensure!(status.is_success(), "{call}: {status} {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}

/// What code that looks for a faster way at run time finds here; two counts compare only if it is the same.
fn features() -> Vec<&'static str> {
    let mut found = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    found.extend(
        [
            ("ssse3", std::arch::is_x86_feature_detected!("ssse3")),
            ("sse4.2", std::arch::is_x86_feature_detected!("sse4.2")),
            ("aes", std::arch::is_x86_feature_detected!("aes")),
            ("pclmulqdq", std::arch::is_x86_feature_detected!("pclmulqdq")),
            ("avx", std::arch::is_x86_feature_detected!("avx")),
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("bmi2", std::arch::is_x86_feature_detected!("bmi2")),
            ("adx", std::arch::is_x86_feature_detected!("adx")),
            ("sha", std::arch::is_x86_feature_detected!("sha")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ]
        .into_iter()
        .filter_map(|(name, is_there)| is_there.then_some(name)),
    );
    found
}

/// Takes every password and hashes none.
struct NoHash;

/// What is kept in the place of a hash.
const UNHASHED: &str = "unhashed";

#[async_trait]
impl PasswordHasher for NoHash {
    fn admit(&self) -> Result<HashPermit, QueueFull> {
        Ok(HashPermit(Box::new(())))
    }

    async fn hash(
        &self,
        _: HashPermit,
        _: &NamespaceName,
        _: UserId,
        _: Password,
    ) -> Result<SealedPassword, Fault> {
        Ok(SealedPassword(UNHASHED.to_owned()))
    }

    async fn verify(
        &self,
        _: HashPermit,
        _: &NamespaceName,
        _: UserId,
        _: Password,
        stored: SealedPassword,
    ) -> Result<Verification, Fault> {
        Ok(Verification { matches: stored.0 == UNHASHED, replacement: None })
    }

    fn is_current(&self, _: &NamespaceName, _: UserId, stored: &SealedPassword) -> bool {
        stored.0 == UNHASHED
    }

    fn import(&self, _: &NamespaceName, _: UserId, _: &str) -> Result<SealedPassword, String> {
        Err("nothing is imported here".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counted_calls_succeed_and_their_number_is_what_was_asked_for() {
        run(&["3".to_owned(), "2".to_owned()]).unwrap();
        assert!(run(&["3".to_owned()]).is_err());
    }

    #[test]
    fn a_call_that_is_refused_ends_the_count() {
        let data = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(async {
            let overrides = Overrides { data_dir: Some(data.path().to_owned()), ..Overrides::default() };
            let settings = config::load(&overrides, &environment()).unwrap();
            let wired = wire::wire(&settings, Outside::default()).await.unwrap();
            let router = http_api::router(surface::state(&settings, &wired, &CancellationToken::new()));
            post(&router, "refresh", &json!({ "refresh_token": "mbr_nothing" })).await.unwrap_err()
        });
        assert!(error.to_string().contains("refresh: 401"), "{error}");
    }
}
