//! Checks an access token by the published keys, which come in on the standard input.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use std::error::Error;
use std::io::{Write, stdin, stdout};

#[derive(Deserialize)]
struct Claims {
    sub: String,
    sid: String,
}

fn verify(token: &str, keys: &JwkSet, issuer: &str) -> Result<Claims, Box<dyn Error>> {
    let header = decode_header(token)?;
    if header.typ.as_deref() != Some("at+jwt") {
        return Err("not an access token".into());
    }
    let allowed = [Algorithm::ES256, Algorithm::EdDSA].contains(&header.alg);
    let key = header.kid.and_then(|kid| keys.find(&kid)).filter(|_| allowed).ok_or("no key for it")?;
    let mut rules = Validation::new(header.alg);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[issuer]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    Ok(decode::<Claims>(token, &DecodingKey::from_jwk(key)?, &rules)?.claims)
}

fn main() -> Result<(), Box<dyn Error>> {
    let base = std::env::var("MINBIL_API_BASE_URL").unwrap_or("http://localhost:5000".to_owned());
    let token = std::env::var("MINBIL_ACCESS_TOKEN")?;
    let keys: JwkSet = serde_json::from_reader(stdin())?;
    let claims = verify(&token, &keys, &format!("{base}/api/co"))?;
    writeln!(stdout(), "valid {} in session {}", claims.sub, claims.sid)?;
    Ok(())
}
