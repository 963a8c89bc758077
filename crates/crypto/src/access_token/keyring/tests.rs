mod attacks;

use super::*;
use crate::entropy::SystemEntropy;
use crate::root_key::testing::{key_line, root_keys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{SessionId, UserId};
use domain::session::Slot;
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

const NOW: i64 = 1_770_000_000;

struct StoppedClock(AtomicI64);

impl Clock for StoppedClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A keyring with the namespaces `co` and `ws`, and the records installed.
struct World {
    keyring: SigningKeyring,
    clock: Arc<StoppedClock>,
    records: Vec<SigningKeyRecord>,
}

fn name(text: &str) -> NamespaceName {
    NamespaceName::parse(text).unwrap()
}

fn issuer(namespace: &str) -> String {
    format!("https://api.minbil.no/api/{namespace}")
}

fn at(seconds: i64) -> UnixMillis {
    UnixMillis::from_secs(seconds)
}

fn keyring_with(roots: &str, algorithm: SigningAlgorithm) -> (SigningKeyring, Arc<StoppedClock>) {
    let clock = Arc::new(StoppedClock(AtomicI64::new(NOW * 1000)));
    let issuers =
        ["co", "ws"].map(|ns| (name(ns), Issuer { url: issuer(ns), algorithm })).into_iter().collect();
    let keyring =
        SigningKeyring::new(&root_keys(roots), issuers, Arc::clone(&clock) as _, Arc::new(SystemEntropy));
    (keyring, clock)
}

impl World {
    fn new(algorithm: SigningAlgorithm) -> Self {
        let (keyring, clock) = keyring_with(&key_line(1, 10), algorithm);
        let records: Vec<_> =
            ["co", "ws"].map(|ns| keyring.generate(&name(ns), at(NOW), at(NOW)).unwrap()).into();
        keyring.install(&records).unwrap();
        Self { keyring, clock, records }
    }

    fn issue(&self) -> String {
        self.keyring.issue(&name("co"), &claims()).unwrap().expose().to_owned()
    }

    fn read(&self, text: &str) -> Option<AccessClaims> {
        self.keyring.read(&name("co"), text)
    }

    fn key(&self) -> Arc<SigningKey> {
        Arc::clone(&self.keyring.in_use().get(&name("co")).unwrap().by_activation[0].1)
    }

    /// A token with any header and payload, signed by the genuine key of `co`.
    fn forge(&self, header: &str, payload: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(header) + ".";
        let mut text = compact::signing_input(&header, payload.as_bytes());
        let signature = self.key().sign(text.as_bytes()).unwrap();
        compact::append_signature(&mut text, &signature);
        text
    }

    fn good_header(&self) -> Value {
        let key = self.key();
        json!({"alg": key.algorithm.name(), "typ": "at+jwt", "kid": key.kid})
    }
}

fn claims() -> AccessClaims {
    AccessClaims {
        user: UserId::new(Uuid::from_u128(1)),
        session: SessionId::new(Uuid::from_u128(2)),
        slot: Slot::Cookie,
        generation: 7,
        token_id: Uuid::from_u128(3),
        authenticated_at: at(NOW - 60),
        issued_at: at(NOW),
        expires_at: at(NOW + 3600),
    }
}

fn good_claims() -> Value {
    json!({
        "iss": issuer("co"), "aud": issuer("co"), "sub": Uuid::from_u128(1).to_string(), "exp": NOW + 3600, "iat": NOW,
        "jti": Uuid::from_u128(3).to_string(), "sid": Uuid::from_u128(2).to_string(), "slot": "cookie", "gen": 7,
        "auth_time": NOW - 60
    })
}

fn part(text: &str, index: usize) -> Value {
    let part = text.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// One world for each algorithm, made once: attacks do not change it.
static WORLDS: LazyLock<Vec<World>> =
    LazyLock::new(|| SigningAlgorithm::ALL.into_iter().map(World::new).collect());

#[test]
fn a_token_says_what_the_contract_lists_and_reads_back() {
    for world in WORLDS.iter() {
        let text = world.issue();
        assert_eq!(part(&text, 0), world.good_header());
        assert_eq!(part(&text, 1), good_claims());
        assert_eq!(world.read(&text), Some(claims()));
        assert!(text.len() < 900, "{}", text.len());
    }
}

#[test]
fn our_signatures_are_good_for_another_implementation_and_its_for_us() {
    for world in WORLDS.iter() {
        let key = world.key();
        let mut strict = key.validation.clone();
        strict.validate_exp = true;
        // The library takes the time from the machine, so these tokens are dated by it.
        let now = i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap();
        let claims = AccessClaims { expires_at: at(now + 600), ..claims() };
        let ours = world.keyring.issue(&name("co"), &claims).unwrap();
        let read = jsonwebtoken::decode::<Value>(ours.expose(), &key.decoding, &strict).unwrap();
        assert_eq!(read.claims["gen"], 7);
        let secret = world.keyring.unseal(&world.records[0]).unwrap();
        let (algorithm, encoding) = match key.algorithm {
            SigningAlgorithm::Es256 => (Algorithm::ES256, EncodingKey::from_ec_der(&secret)),
            SigningAlgorithm::Hs256 => (Algorithm::HS256, EncodingKey::from_secret(&secret)),
            SigningAlgorithm::EdDsa => {
                // PKCS #8 of an Ed25519 seed (RFC 8410 section 7).
                let der = [&b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"[..], &secret]
                    .concat();
                (Algorithm::EdDSA, EncodingKey::from_ed_der(&der))
            }
        };
        let mut header = jsonwebtoken::Header::new(algorithm);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(key.kid.clone());
        let theirs = jsonwebtoken::encode(&header, &good_claims(), &encoding).unwrap();
        assert_eq!(world.read(&theirs), Some(self::claims()));
    }
}

#[test]
fn an_expired_token_is_still_read_because_the_caller_decides() {
    for world in WORLDS.iter() {
        let expired =
            AccessClaims { expires_at: at(1), issued_at: at(0), authenticated_at: at(0), ..claims() };
        let text = world.keyring.issue(&name("co"), &expired).unwrap();
        assert_eq!(world.read(text.expose()), Some(expired));
    }
}

#[test]
fn the_newest_active_key_signs_and_every_installed_one_verifies() {
    let world = World::new(SigningAlgorithm::EdDsa);
    let signer = |world: &World| part(&world.issue(), 0)["kid"].as_str().unwrap().to_owned();
    let [first, second] = [NOW, NOW + 600]
        .map(|activates_at| world.keyring.generate(&name("co"), at(NOW), at(activates_at)).unwrap());
    world.keyring.install(&[second.clone(), first.clone()]).unwrap();
    assert_eq!(signer(&world), first.kid);
    let old = world.issue();
    world.clock.0.store((NOW + 600) * 1000 - 1, Ordering::Relaxed);
    assert_eq!(signer(&world), first.kid, "one millisecond before its activation");
    world.clock.0.store((NOW + 600) * 1000, Ordering::Relaxed);
    assert_eq!(signer(&world), second.kid);
    assert_eq!(world.read(&old), Some(claims()), "what the old key signed is still good");
    world.keyring.install(&[second]).unwrap();
    assert_eq!(world.read(&old), None, "a removed key verifies nothing");
}

#[test]
fn a_clock_that_was_put_back_before_the_first_key_does_not_stop_signing() {
    let world = World::new(SigningAlgorithm::Es256);
    world.clock.0.store((NOW - 7200) * 1000, Ordering::Relaxed);
    assert_eq!(part(&world.issue(), 0)["kid"], world.records[0].kid.as_str());
}

#[test]
fn a_key_that_is_not_active_yet_is_published_and_verifies_but_does_not_sign() {
    let world = World::new(SigningAlgorithm::Es256);
    let ahead = world.keyring.generate(&name("co"), at(NOW), at(NOW + 600)).unwrap();
    world.keyring.install(&[world.records[0].clone(), ahead.clone()]).unwrap();
    assert_eq!(part(&world.issue(), 0)["kid"], world.records[0].kid.as_str());
    assert!(world.keyring.jwks(&name("co")).contains(&ahead.kid));
    // Another node's clock is ahead of ours.
    world.clock.0.store((NOW + 600) * 1000, Ordering::Relaxed);
    let text = world.issue();
    world.clock.0.store(NOW * 1000, Ordering::Relaxed);
    assert_eq!(world.read(&text), Some(claims()));
}

#[test]
fn a_failed_install_leaves_the_keys_in_use() {
    let world = World::new(SigningAlgorithm::Es256);
    let text = world.issue();
    let (foreign, _) = keyring_with(&key_line(1, 99), SigningAlgorithm::Es256);
    let foreign = foreign.generate(&name("co"), at(NOW), at(NOW)).unwrap();
    let mut moved = world.records[1].clone();
    moved.namespace = name("co");
    let mut renamed = world.records[0].clone();
    renamed.kid.push('x');
    let mut altered = world.records[0].clone();
    altered.sealed[40] ^= 1;
    let mut other_algorithm = world.records[0].clone();
    other_algorithm.algorithm = SigningAlgorithm::Hs256;
    let mut empty = world.records[0].clone();
    empty.sealed.clear();
    for bad in [foreign, moved, renamed, altered, other_algorithm, empty] {
        let fault = world.keyring.install(&[bad]).unwrap_err();
        assert!(fault.to_string().contains("signing key"), "{fault}");
        assert_eq!(world.read(&text), Some(claims()));
    }
    let mut unknown = world.records[0].clone();
    unknown.namespace = name("gone");
    world.keyring.install(&[world.records[0].clone(), unknown]).unwrap();
    assert_eq!(world.read(&text), Some(claims()), "a namespace that is not configured is passed over");
}

#[test]
fn a_signing_key_sealed_under_a_retired_root_key_still_opens() {
    let (before, _) = keyring_with(&key_line(1, 10), SigningAlgorithm::Es256);
    let record = before.generate(&name("co"), at(NOW), at(NOW)).unwrap();
    let (rotated, _) = keyring_with(&(key_line(2, 20) + &key_line(1, 10)), SigningAlgorithm::Es256);
    rotated.install(std::slice::from_ref(&record)).unwrap();
    assert!(rotated.issue(&name("co"), &claims()).is_ok());
    let (removed, _) = keyring_with(&key_line(2, 20), SigningAlgorithm::Es256);
    assert!(removed.install(&[record]).is_err());
}

#[test]
fn the_jwk_set_holds_public_keys_by_their_thumbprints_and_never_a_shared_secret() {
    for world in WORLDS.iter() {
        let set: Value = serde_json::from_str(&world.keyring.jwks(&name("co"))).unwrap();
        let keys = set["keys"].as_array().unwrap();
        let algorithm = world.key().algorithm;
        if algorithm == SigningAlgorithm::Hs256 {
            assert!(keys.is_empty(), "{set}");
            continue;
        }
        let [key] = keys.as_slice() else { panic!("{set}") };
        let mut members: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        let (kty, crv, expected) = match algorithm {
            SigningAlgorithm::Es256 => ("EC", "P-256", vec!["alg", "crv", "kid", "kty", "use", "x", "y"]),
            _ => ("OKP", "Ed25519", vec!["alg", "crv", "kid", "kty", "use", "x"]),
        };
        assert_eq!(members, expected, "no private member");
        assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&json!(kty), &json!(crv), &json!("sig")));
        assert_eq!(key["alg"], algorithm.name());
        assert_eq!(key["kid"], world.records[0].kid);
        // RFC 7638: the required members in alphabetical order, without white space.
        let member = |name: &str| key[name].as_str().unwrap();
        let hashed = match algorithm {
            SigningAlgorithm::Es256 => {
                format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{}","y":"{}"}}"#, member("x"), member("y"))
            }
            _ => format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{}"}}"#, member("x")),
        };
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, hashed.as_bytes());
        assert_eq!(member("kid"), URL_SAFE_NO_PAD.encode(digest));
    }
    assert_eq!(WORLDS[0].keyring.jwks(&name("none")), r#"{"keys":[]}"#);
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}|[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,90}") {
        for world in WORLDS.iter() {
            prop_assert_eq!(world.read(&text), None);
        }
    }

    #[test]
    fn any_header_and_payload_under_a_genuine_signature_are_read_without_panic(
        header in "\\PC{0,80}", payload in "\\PC{0,80}", typ in "\\PC{0,10}"
    ) {
        let world = &WORLDS[1];
        prop_assert_eq!(world.read(&world.forge(&header, &payload)), None);
        let mut good = world.good_header();
        prop_assert_eq!(world.read(&world.forge(&good.to_string(), &payload)), None);
        good["typ"] = json!(typ);
        prop_assert_eq!(world.read(&world.forge(&good.to_string(), &good_claims().to_string())), None);
    }

    #[test]
    fn what_is_issued_is_read_back(
        ids: [u128; 3], cookie: bool, generation: u32, dates in prop::array::uniform3(0_i64..=253_402_300_799)
    ) {
        let issued = AccessClaims {
            user: UserId::new(Uuid::from_u128(ids[0])),
            session: SessionId::new(Uuid::from_u128(ids[1])),
            slot: if cookie { Slot::Cookie } else { Slot::Body },
            generation,
            token_id: Uuid::from_u128(ids[2]),
            authenticated_at: at(dates[0]),
            issued_at: at(dates[1]),
            expires_at: at(dates[2]),
        };
        let world = &WORLDS[1];
        let text = world.keyring.issue(&name("co"), &issued).unwrap();
        prop_assert_eq!(world.read(text.expose()), Some(issued));
    }
}
