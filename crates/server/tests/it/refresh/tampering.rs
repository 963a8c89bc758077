//! Tokens that somebody has altered, made, or carried to the wrong place.

use crate::harness::Credential::{Bearer, Body, Cookie};
use crate::harness::{OWNER, TestServer};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;

/// Every near miss of a token: prefixes, suffixes, flips of case and bits, paddings, other alphabets.
fn near_misses(token: &str) -> BTreeSet<String> {
    let mut near = BTreeSet::new();
    let swapped =
        |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    for at in 0..token.len() {
        near.insert(token[..at].to_owned());
        near.insert(token[at..].to_owned());
        for replaced in [swapped(token.as_bytes()[at] as char), 'A', 'b', '-', '_', '=', '+', '/', '.', ' '] {
            near.insert(format!("{}{replaced}{}", &token[..at], &token[at + 1..]));
        }
        near.insert(format!("{}{}", &token[..at], &token[at + 1..]));
    }
    for (before, after) in
        [("", "="), ("", "=="), ("", "A"), ("", "\n"), ("", "\0"), (" ", ""), ("mbr1_", "")]
    {
        near.insert(format!("{before}{token}{after}"));
    }
    let (prefix, encoded) = token.split_at(5);
    let bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap();
    near.insert(format!("{prefix}{}", STANDARD.encode(&bytes)));
    near.insert(format!("{prefix}{}", URL_SAFE.encode(&bytes)));
    near.insert(format!("mbp1_{encoded}"));
    near.insert(format!("MBR1_{encoded}"));
    near.insert(token.to_ascii_lowercase());
    near.insert(token.to_ascii_uppercase());
    near.remove(token);
    near
}

#[tokio::test]
async fn cve_2026_27840_every_near_miss_of_a_token_is_401_in_the_body() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let near = near_misses(&owner.refresh);
    assert!(near.len() > 1000);
    for text in &near {
        let answer = server.refresh(Body(text)).await;
        assert_eq!(
            (answer.status, answer.problem("invalid_token")["errors"].is_null()),
            (401, true),
            "{text}"
        );
    }
    assert_eq!(server.refresh(Body(&owner.refresh)).await.signed().claim("gen"), 1, "and nothing has moved");
}

#[tokio::test]
async fn cve_2026_27840_every_near_miss_of_a_token_is_401_in_the_cookie_and_the_header() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let is_header = |text: &&String| !text.contains(['\n', '\0']);
    for text in near_misses(&page.cookie).iter().filter(is_header) {
        // A browser trims what stands around a value (RFC 6265 section 5.2), so blanks there are no change.
        if text.trim() != page.cookie {
            assert_eq!(server.refresh(Cookie(text)).await.status, 401, "{text}");
        }
    }
    for text in near_misses(&page.refresh).iter().filter(is_header).filter(|text| !text.is_empty()) {
        assert_eq!(server.refresh(Bearer(text)).await.status, 401, "{text}");
    }
    assert_eq!(server.refresh(Cookie(&page.cookie)).await.signed().claim("gen"), 1);
    assert_eq!(server.refresh(Body(&page.refresh)).await.signed().claim("gen"), 1);
}

#[tokio::test]
async fn every_bit_of_a_token_is_under_the_mac() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let bytes = URL_SAFE_NO_PAD.decode(&owner.refresh[5..]).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let text = format!("mbr1_{}", URL_SAFE_NO_PAD.encode(&flipped));
        server.refresh(Body(&text)).await.problem("invalid_token");
    }
}

#[tokio::test]
async fn asvs_8_4_1_no_token_of_one_namespace_opens_the_other() {
    let server = TestServer::start().await;
    let (co, ws) = (server.co.owner_on_page().await, server.ws.owner_on_page().await);
    let bearer = server.co.refresh(Bearer(&co.access)).await.signed().refresh;
    for (site, foreign) in [(&server.ws, &co), (&server.co, &ws)] {
        for call in ["refresh", "sign-out"] {
            for credential in [Body(&foreign.refresh), Bearer(&foreign.refresh), Cookie(&foreign.cookie)] {
                site.post(call).presenting(credential).await.problem("invalid_token");
            }
            site.post(call).bearer(&foreign.access).await.problem("invalid_token");
        }
        site.me(&foreign.access).await.problem("invalid_token");
        site.get("sessions").bearer(&foreign.access).await.problem("invalid_token");
        let session = format!("sessions/{}", foreign.session());
        site.delete(&session).bearer(&foreign.access).await.problem("invalid_token");
        site.change(&foreign.access, "a", "bbbbbbbb").await.problem("invalid_token");
    }
    server.ws.refresh(Body(&bearer)).await.problem("invalid_token");
    server.co.refresh(Body(&co.refresh)).await.ok();
    server.ws.refresh(Body(&ws.refresh)).await.ok();
}

#[tokio::test]
async fn asvs_9_2_2_no_kind_of_token_does_for_another() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let reset = server.reset_token(OWNER).await;
    for wrong in [&page.refresh, &page.cookie, &reset] {
        server.me(wrong).await.problem("invalid_token");
    }
    for wrong in [&page.access, &page.refresh, &page.cookie] {
        server.reset(wrong, "a new password").await.problem("reset_token_invalid");
    }
    for wrong in [Body(&reset), Bearer(&reset), Cookie(&reset), Body(&page.access)] {
        server.refresh(wrong).await.problem("invalid_token");
        server.sign_out(wrong).await.problem("invalid_token");
    }
    server.reset(&reset, "a new password").await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn a_token_made_under_another_root_key_is_not_genuine() {
    let (mine, other) = (TestServer::start().await, TestServer::start().await);
    let (signed, _) = (other.owner_on_page().await, mine.owner().await);
    for credential in [Body(&signed.refresh), Cookie(&signed.cookie), Bearer(&signed.access)] {
        mine.refresh(credential).await.problem("invalid_token");
    }
}

#[tokio::test]
async fn asvs_7_2_3_tokens_are_long_unique_and_leave_room_in_a_cookie() {
    let server = TestServer::start().await;
    let mut seen = BTreeSet::new();
    let first = server.owner_on_page().await;
    let mut signed = first.clone();
    for _ in 0..100 {
        signed = server.refresh(Body(&signed.refresh)).await.signed();
        assert!(seen.insert(signed.refresh.clone()) && seen.insert(signed.access.clone()));
    }
    assert!(URL_SAFE_NO_PAD.decode(&first.refresh[5..]).unwrap().len() >= 48);
    assert!(first.cookie.len() + "__Secure-minbil_rt_co=".len() < 4096);
}
