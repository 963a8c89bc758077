//! Tokens that somebody else made, or that were bent after we made them.

use super::*;
use crate::access_token::compact::{ACCESS_TOKEN_MAX, header_json};
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use jsonwebtoken::Validation;

#[test]
fn cve_2026_9094_a_token_of_another_namespace_is_refused() {
    for world in WORLDS.iter() {
        let theirs = world.keyring.issue(&name("ws"), &claims()).unwrap();
        assert!(world.keyring.read(&name("ws"), theirs.expose()).is_some());
        assert_eq!(world.read(theirs.expose()), None);
        // Our key, their issuer or audience.
        for claim in ["iss", "aud"] {
            let mut payload = good_claims();
            payload[claim] = json!(issuer("ws"));
            assert_eq!(
                world.read(&world.forge(&world.good_header().to_string(), &payload.to_string())),
                None
            );
        }
        // Our key under the id of theirs.
        let mut header = world.good_header();
        header["kid"] = json!(world.records[1].kid);
        let text = world.forge(&header.to_string(), &good_claims().to_string());
        assert_eq!(world.read(&text), None);
        assert_eq!(world.keyring.read(&name("ws"), &text), None);
        assert_eq!(world.keyring.read(&name("none"), &world.issue()), None);
    }
}

#[test]
fn cve_2024_37568_a_public_key_used_as_a_shared_secret_is_refused() {
    for world in WORLDS.iter().filter(|world| world.key().algorithm != SigningAlgorithm::Hs256) {
        let key = world.key();
        let jwk = key.jwk.as_ref().unwrap();
        let raw = key.decoding.try_get_as_bytes().unwrap().to_vec();
        // SubjectPublicKeyInfo prefixes of P-256 and Ed25519 (RFC 5480, RFC 8410).
        let prefix: &[u8] = match key.algorithm {
            SigningAlgorithm::Es256 => b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
            _ => b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
        };
        let der = [prefix, &raw].concat();
        let base64 = STANDARD.encode(&der);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
        let set = world.keyring.jwks(&name("co"));
        let secrets: [&[u8]; 7] = [
            &raw,
            &der,
            base64.as_bytes(),
            pem.as_bytes(),
            pem.trim_end().as_bytes(),
            &serde_json::to_vec(jwk).unwrap(),
            set.as_bytes(),
        ];
        for secret in secrets {
            for alg in ["HS256", key.algorithm.name()] {
                let header = json!({"alg": alg, "typ": "at+jwt", "kid": key.kid}).to_string();
                let header = URL_SAFE_NO_PAD.encode(header) + ".";
                let mut text = compact::signing_input(&header, good_claims().to_string().as_bytes());
                let mac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
                let tag = aws_lc_rs::hmac::sign(&mac, text.as_bytes());
                compact::append_signature(&mut text, tag.as_ref());
                assert_eq!(world.read(&text), None);
            }
        }
    }
}

#[test]
fn a_token_without_or_with_another_algorithm_is_refused() {
    for world in WORLDS.iter() {
        let ours = world.key().algorithm.name();
        let none = ["none", "None", "NONE", "nOnE", "noNE", "", " none", "null"];
        let others = [
            "HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519", "es256",
            "eddsa",
        ];
        for alg in none.into_iter().chain(others).filter(|alg| *alg != ours) {
            let mut header = world.good_header();
            header["alg"] = json!(alg);
            let text = world.forge(&header.to_string(), &good_claims().to_string());
            assert_eq!(world.read(&text), None, "{alg}");
            let (signed, _) = text.rsplit_once('.').unwrap();
            for unsigned in [signed.to_owned(), format!("{signed}."), format!("{signed}.AA")] {
                assert_eq!(world.read(&unsigned), None, "{alg}");
            }
        }
        let mut header = world.good_header();
        header["alg"] = Value::Null;
        assert_eq!(world.read(&world.forge(&header.to_string(), &good_claims().to_string())), None);
    }
}

#[test]
fn cve_2018_0114_a_header_that_brings_a_key_or_asks_for_more_is_refused() {
    for world in WORLDS.iter() {
        let jwk = world.key().jwk.as_ref().map(|jwk| serde_json::to_value(jwk).unwrap());
        let extra = [
            ("jwk", jwk.unwrap_or(json!({"kty": "oct", "k": "AAAA"}))),
            ("jku", json!("http://127.0.0.1:9/jwks.json")),
            ("x5u", json!("http://127.0.0.1:9/cert.pem")),
            ("x5c", json!(["MIIB"])),
            ("x5t", json!("AAAA")),
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("enc", json!("A256GCM")),
            ("cty", json!("JWT")),
            ("p2c", json!(2_000_000_000)),
            ("anything", json!(1)),
        ];
        for (member, value) in extra {
            let mut header = world.good_header();
            header[member] = value;
            assert_eq!(
                world.read(&world.forge(&header.to_string(), &good_claims().to_string())),
                None,
                "{member}"
            );
        }
    }
}

#[test]
fn cve_2023_48309_a_jwt_of_another_kind_is_refused() {
    for world in WORLDS.iter() {
        for typ in [
            json!("JWT"),
            json!("at+JWT "),
            json!("logout+jwt"),
            json!("jwt"),
            json!(""),
            json!(null),
            json!(1),
        ] {
            let mut header = world.good_header();
            header["typ"] = typ.clone();
            assert_eq!(
                world.read(&world.forge(&header.to_string(), &good_claims().to_string())),
                None,
                "{typ}"
            );
        }
        for member in ["alg", "typ", "kid"] {
            let mut header = world.good_header();
            header.as_object_mut().unwrap().remove(member);
            assert_eq!(
                world.read(&world.forge(&header.to_string(), &good_claims().to_string())),
                None,
                "{member}"
            );
        }
        let mut header = world.good_header();
        header["typ"] = json!("AT+JWT");
        let text = world.forge(&header.to_string(), &good_claims().to_string());
        assert_eq!(world.read(&text), Some(claims()), "a media type has no case");
        for kid in [json!(""), json!("../../etc/passwd"), json!("' OR 1=1 --"), json!(null), json!(7)] {
            let mut header = world.good_header();
            header["kid"] = kid.clone();
            assert_eq!(
                world.read(&world.forge(&header.to_string(), &good_claims().to_string())),
                None,
                "{kid}"
            );
        }
    }
}

#[test]
fn cve_2026_25537_a_wrongly_typed_expiry_is_refused() {
    let dates = [
        json!("9999999999"),
        json!(-1),
        json!(1e30),
        json!(1.5),
        json!(1_770_003_600.0),
        json!(null),
        json!(true),
        json!([NOW]),
        json!({}),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(253_402_300_800_i64),
    ];
    let uuids = [
        json!(""),
        json!(1),
        json!(null),
        json!("00000000000000000000000000000001"),
        json!("{00000000-0000-0000-0000-000000000001}"),
        json!("urn:uuid:00000000-0000-0000-0000-000000000001"),
        json!("0000000A-0000-0000-0000-00000000000A"),
    ];
    let texts = [json!(""), json!("other"), json!(null), json!(1), json!([])];
    let audiences = [
        json!(""),
        json!(null),
        json!([]),
        json!([issuer("co")]),
        json!([issuer("co"), issuer("ws")]),
        json!(issuer("co") + "/"),
    ];
    let generations = [json!("7"), json!(-1), json!(7.0), json!(4_294_967_296_u64), json!(null)];
    let cases: [(&str, &[Value]); 10] = [
        ("exp", &dates),
        ("iat", &dates),
        ("auth_time", &dates),
        ("sub", &uuids),
        ("sid", &uuids),
        ("jti", &uuids),
        ("slot", &texts),
        ("iss", &audiences),
        ("aud", &audiences),
        ("gen", &generations),
    ];
    for world in WORLDS.iter() {
        let header = world.good_header().to_string();
        assert_eq!(
            world.read(&world.forge(&header, &good_claims().to_string())),
            Some(claims()),
            "the base is good"
        );
        for (claim, values) in cases {
            for value in values {
                let mut payload = good_claims();
                payload[claim] = value.clone();
                assert_eq!(
                    world.read(&world.forge(&header, &payload.to_string())),
                    None,
                    "{claim} = {value}"
                );
            }
            let mut payload = good_claims();
            payload.as_object_mut().unwrap().remove(claim);
            assert_eq!(world.read(&world.forge(&header, &payload.to_string())), None, "no {claim}");
            let good = good_claims();
            let twice = format!("{{\"{claim}\":{},{}", good[claim], &good.to_string()[1..]);
            assert_eq!(world.read(&world.forge(&header, &twice)), None, "{claim} twice");
        }
        for payload in ["", "{}", "[]", "null", "1", "\"x\"", "{", "{}{}"] {
            assert_eq!(world.read(&world.forge(&header, payload)), None, "{payload}");
        }
        let mut payload = good_claims();
        payload["later"] = json!({"version": 2});
        assert_eq!(
            world.read(&world.forge(&header, &payload.to_string())),
            Some(claims()),
            "unknown claims are ignored"
        );
    }
}

#[test]
fn anything_but_the_one_compact_form_is_refused() {
    for world in WORLDS.iter() {
        let text = world.issue();
        let [header, payload, signature] = text.split('.').collect::<Vec<_>>()[..] else { panic!("{text}") };
        let padded = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
            URL_SAFE.encode(bytes)
        };
        let mut forms = vec![
            format!("{text} "),
            format!(" {text}"),
            format!("{text}\n"),
            format!("{header}.\n{payload}.{signature}"),
            format!("{text}="),
            format!("{text}."),
            format!(".{text}"),
            format!("{text}.{signature}"),
            format!("{header}.{payload}.{signature}.{header}.{payload}"),
            format!("{header}.{payload}"),
            format!("{header}..{signature}"),
            format!(".{payload}.{signature}"),
            format!("\"{text}\""),
            format!("Bearer {text}"),
            text.replace('.', "%2E"),
            text.replace('.', "．"),
            json!({"payload": payload, "protected": header, "signature": signature}).to_string(),
            json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]})
                .to_string(),
            ".".repeat(1_000_000),
            "..".to_owned(),
            String::new(),
        ];
        forms.extend([0, 1, 2].into_iter().filter_map(|index| {
            let mut parts = [header.to_owned(), payload.to_owned(), signature.to_owned()];
            let with_padding = padded(&parts[index]);
            (with_padding != parts[index]).then(|| {
                parts[index] = with_padding;
                parts.join(".")
            })
        }));
        for form in &forms {
            assert_eq!(world.read(form), None, "{}", &form[..form.len().min(80)]);
        }
    }
}

#[test]
fn a_signature_has_one_spelling_and_every_bit_counts() {
    for world in WORLDS.iter() {
        let text = world.issue();
        for index in 0..text.len() {
            for other in ["A", "B", "_", "-", "9"] {
                let mut changed = text.clone();
                changed.replace_range(index..=index, other);
                if changed != text {
                    assert_eq!(world.read(&changed), None, "{other} at {index}");
                }
            }
            assert_eq!(world.read(&text[..index]), None, "cut at {index}");
        }
    }
}

#[test]
fn a_token_longer_than_the_limit_is_not_looked_at() {
    let world = &WORLDS[0];
    let token_with = |padding: usize| {
        let mut payload = good_claims();
        payload["x"] = json!("x".repeat(padding));
        world.forge(&world.good_header().to_string(), &payload.to_string())
    };
    assert!(world.read(&token_with(2000)).is_some());
    let long = token_with(2700);
    assert!(long.len() > ACCESS_TOKEN_MAX);
    assert_eq!(world.read(&long), None);
    let decoding = &world.key().decoding;
    let mut validation: Validation = world.key().validation.clone();
    validation.required_spec_claims.clear();
    assert!(jsonwebtoken::decode::<Value>(&long, decoding, &validation).is_ok(), "only its length is wrong");
}

#[test]
fn a_payload_that_is_not_utf_8_is_refused_even_where_it_would_be_passed_over() {
    let token = |payload: &[u8]| format!("e30.{}.AA", URL_SAFE_NO_PAD.encode(payload));
    assert!(header_json(&token(b"{\"ours\":1,\"not ours\":\"\xc3\xa6\"}")).is_some());
    assert_eq!(header_json(&token(b"{\"ours\":1,\"not ours\":\"\xff\"}")), None);
}
