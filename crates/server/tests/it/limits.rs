//! Limits: what strangers may, and what they cannot take from the owner (ASVS 6.1.1, 6.3.1, 6.3.5).

mod address;
mod budgets;
mod guessing;
mod known_device;
mod parallel;

use crate::harness::{Answer, OWNER, Setup, Site, TestServer};
use serde_json::json;
use std::net::IpAddr;

const WRONG: &str = "a wrong password";

/// A server with every default, where `OWNER` has an account.
async fn limited() -> TestServer {
    let server = TestServer::with(Setup::default().limited()).await;
    server.sign_up(OWNER).await;
    server
}

/// The `number`th address of a stranger.
pub fn stranger(number: u32) -> IpAddr {
    IpAddr::from((0x0b00_0000 + number).to_be_bytes())
}

async fn guess(site: &Site, email: &str, from: IpAddr) -> Answer {
    site.post("sign-in").json(&json!({ "email": email, "password": WRONG })).from(from).await
}

/// What a client is told when it is too much.
pub fn assert_limited(answer: &Answer, limit: &str, seconds: u64) {
    answer.problem("rate_limited");
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), Some(seconds.to_string().as_str()), "{}", answer.asked);
    let rate = format!("\"{limit}\";r=0;t={seconds}");
    assert_eq!(answer.header("ratelimit"), Some(rate.as_str()), "{}", answer.asked);
    let policy = answer.header("ratelimit-policy").unwrap();
    assert!(policy.starts_with(&format!("\"{limit}\";q=")), "{policy}");
}
