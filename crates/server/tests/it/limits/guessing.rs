//! A distributed attack on one account: how many guesses get through in an hour, and that its owner notices nothing.

use super::WRONG;
use crate::harness::{OWNER, PASSWORD, Setup, TestServer};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Sources of the attack, all loopback addresses.
const SOURCES: u32 = 10_000;
const HOURS: u32 = 40;
/// The attack comes in waves, and the owner signs in after each.
const WAVE: Duration = Duration::from_secs(120);
/// How many sources try in each wave.
const TRIES: u32 = 30;

fn source(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x7f01_0000 + number % SOURCES)
}

#[tokio::test]
async fn asvs_6_3_1_ten_thousand_sources_get_few_guesses_and_the_owner_gets_in_throughout() {
    let setup = Setup::default().limited().with("HTTP__TRUSTED_PROXIES", "10.0.0.1");
    let server = TestServer::with(setup).await;
    server.sign_up(OWNER).await;
    let mut device = server.try_sign_in(OWNER, PASSWORD).await.device().unwrap().value;
    let waves_an_hour = u32::try_from(3600 / WAVE.as_secs()).unwrap();
    let mut guesses: BTreeMap<u32, u32> = (0..HOURS).map(|hour| (hour, 0)).collect();
    let (mut tries, mut number) = (0, 0);
    for wave in 0..HOURS * waves_an_hour {
        for _ in 0..TRIES {
            number += 1;
            let body = json!({ "email": OWNER, "password": format!("{WRONG} {number}") });
            let draft = server.post("sign-in").json(&body).from([10, 0, 0, 1]);
            let answer = draft.header("x-forwarded-for", source(number).to_string()).await;
            tries += 1;
            match answer.status {
                401 => *guesses.get_mut(&(wave / waves_an_hour)).unwrap() += 1,
                status => assert_eq!(status, 429),
            }
        }
        let body = json!({ "email": OWNER, "password": PASSWORD });
        let draft = server.post("sign-in").json(&body).from([10, 0, 0, 1]).device(&device);
        let owner = draft.header("x-forwarded-for", "203.0.113.9").await;
        assert_eq!(owner.status, 200, "wave {wave}: {}", owner.text());
        device = owner.device().unwrap().value;
        server.advance(WAVE);
    }
    assert_eq!(tries, HOURS * waves_an_hour * TRIES);
    let table = table(&guesses);
    assert_eq!(table, include_str!("../../../../../docs/security/guesses-per-hour.txt"), "{table}");
}

/// Guesses that got through, by hour.
fn table(guesses: &BTreeMap<u32, u32>) -> String {
    let mut text = format!(
        "{} tries from {SOURCES} network addresses in {HOURS} hours, default limits\n\nhour  guesses  in all\n",
        HOURS * TRIES * u32::try_from(3600 / WAVE.as_secs()).unwrap()
    );
    let mut all = 0;
    for (hour, count) in guesses {
        all += count;
        if *count > 0 {
            writeln!(text, "{:>4}  {count:>7}  {all:>6}", hour + 1).unwrap();
        }
    }
    text
}
