//! Access tokens: JWTs by the profile of RFC 9068, under each namespace's own keys.
//!
//! A key has one algorithm and one namespace, for good. Tokens are written by one short compact-JWS writer
//! with a key parsed once, and read in three steps: strict shape (`compact`), signature and audience (the
//! `jsonwebtoken` library with exactly one allowed algorithm), strict claims (`claims`).

mod claims;
mod compact;
mod keyring;
mod signing_key;

pub use compact::ACCESS_TOKEN_MAX;
pub use keyring::{Issuer, SigningKeyring};
