//! An access token that is read is one that we could have issued, claim for claim.
//!
//! An input is a token's text; or, if it begins with a line `sign`, a header in the second line and a payload in the
//! rest, which the target signs with the genuine key: no fuzzer guesses a signature.

#![no_main]

use app::ports::keys::AccessTokens as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::access_token::AccessClaims;
use libfuzzer_sys::fuzz_target;
use minbil_auth_fuzz::{ISSUER, Signing, namespace};
use serde_json::{Value, json};
use std::sync::LazyLock;

static SIGNING: LazyLock<Signing> = LazyLock::new(Signing::new);

fuzz_target!(|input: &[u8]| {
    let signing = &*SIGNING;
    let text = match input.strip_prefix(b"sign\n") {
        Some(rest) => {
            let at = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            signing.sign(&rest[..at], rest.get(at + 1..).unwrap_or_default())
        }
        None => match std::str::from_utf8(input) {
            Ok(text) => text.to_owned(),
            Err(_) => return,
        },
    };
    let co = namespace("co");
    assert!(signing.keyring.read(&namespace("ws"), &text).is_none(), "a token of another namespace");
    let Some(claims) = signing.keyring.read(&co, &text) else { return };
    for other in [format!("{text}="), format!("{text} "), format!("{text}."), text.replacen('.', "..", 1)] {
        assert!(signing.keyring.read(&co, &other).is_none(), "{other:?}");
    }
    let parts: Vec<&str> = text.split('.').collect();
    let part = |index: usize| URL_SAFE_NO_PAD.decode(parts[index]).expect("canonical base64url");
    check_header(&signing.kid, &part(0));
    check_payload(&claims, &part(1));
    let issued = signing.keyring.issue(&co, &claims).expect("a token of the same claims");
    assert_eq!(signing.keyring.read(&co, issued.expose()), Some(claims));
});

/// Nothing but the three members that we write (RFC 8725 section 3).
fn check_header(kid: &str, json: &[u8]) {
    let header: Value = serde_json::from_slice(json).expect("JSON");
    let header = header.as_object().expect("an object");
    assert_eq!((header.len(), &header["alg"], &header["kid"]), (3, &json!("EdDSA"), &json!(kid)));
    assert!(header["typ"].as_str().is_some_and(|typ| typ.eq_ignore_ascii_case("at+jwt")));
}

/// Every claim stands in the payload as it was read, in its one type and spelling.
fn check_payload(claims: &AccessClaims, json: &[u8]) {
    let text = std::str::from_utf8(json).expect("UTF-8");
    let Ok(payload) = serde_json::from_str::<Value>(text) else {
        // Half of a surrogate pair, in a claim that is none of ours and is passed over.
        assert!(text.contains("\\u"), "JSON: {text}");
        return;
    };
    let expected = json!({
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": claims.user.to_string(),
        "sid": claims.session.to_string(),
        "jti": claims.token_id.to_string(),
        "slot": claims.slot.name(),
        "gen": claims.generation,
        "exp": claims.expires_at.as_secs(),
        "iat": claims.issued_at.as_secs(),
        "auth_time": claims.authenticated_at.as_secs(),
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(payload.get(name), Some(value), "{name}");
    }
}
