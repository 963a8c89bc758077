//! The published samples, and what completes them. No token here opens anything.

use crate::problem::FieldProblem;
use serde_json::{Value, json};

pub(super) const REQUEST_ID: &str = "019c23ea-a19d-7c6e-8f15-d24b7a903c1e";
/// An idempotency key.
pub(super) const IDEMPOTENCY_KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";
pub(super) const SESSION_ID: &str = "019c23ea-a19f-7d92-a3b7-91c4e05f6d28";
const OTHER_SESSION_ID: &str = "019c058f-bd17-7b05-8c11-5f0d2a9e7b34";
const USER_ID: &str = "019bb185-202c-7a41-9d0e-3b6f5a2c4e18";
const NEW_USER_ID: &str = "019c23ea-a389-7f10-9b3c-6ad15e0274f8";
const KEY_ID: &str = "tTyH0ad4Y2dGcY2M1n8Vq3mZ0xw7JcS5kLrQe9uBfWo";
const EMAIL: &str = "owner@minbil.io";
pub(super) const PASSWORD: &str = "StrongPass123!";
pub(super) const NEW_PASSWORD: &str = "EvenStronger456!";
const ACCESS_TOKEN: &str = "\
    eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFUzI1NiIsImtpZCI6InRUeUgwYWQ0WTJkR2NZMk0xbjhWcTNtWjB4dzdKY1M1a0xy\
    UWU5dUJmV28ifQ.eyJpc3MiOiJodHRwczovL2FwaS5taW5iaWwubm8vYXBpL2NvIiwiYXVkIjoiaHR0cHM6Ly9hcGkubWluY\
    mlsLm5vL2FwaS9jbyIsInN1YiI6IjAxOWJiMTg1LTIwMmMtN2E0MS05ZDBlLTNiNmY1YTJjNGUxOCIsImV4cCI6MTc3MDEzM\
    jcwNSwiaWF0IjoxNzcwMTI5MTA1LCJqdGkiOiIwMTljMjNlYS1hMWExLTdlMzEtYjRhYS0wYzhkNmUxZjJhOTciLCJzaWQiO\
    iIwMTljMjNlYS1hMTlmLTdkOTItYTNiNy05MWM0ZTA1ZjZkMjgiLCJzbG90IjoiYm9keSIsImdlbiI6MCwiYXV0aF90aW1lI\
    joxNzcwMTI5MTA1fQ.KXK7BE2W3yhxugNMld4ncLkCS5TdJm-4AUqT3CVutwBJktskbbb_SJHaI2y1_keQ2SJrtP1Gj9ghar\
    P8RY7XIA";
const REFRESH_TOKEN: &str = "\
    mbr1_DUZ_uPEqY5zVDkeAufIrZJ3WD0iBuvMsZZ7XEEmCu_QtZp_YEUqDvPUuZ6DZEkuEvfYvaKHaE0yFvvcwaaLbFE2Gv_g\
    xaqPcFU6HwPkya6Td";
const RESET_TOKEN: &str = "\
    mbp1_B2K9GHPOKYTfOpXwS6YBXLcSbcgjftk0j-pFoPtWsQxnwh140y6J5D-a9VCrBmG8F3LNKIPeOZTvSqUA";

const VERIFICATION_TOKEN: &str = "\
    mbv1_AAAAAQGbsYUgLHpBnQ47b1osThgBnCPqoZ18bo8V0ksnqQPeAAABnCkQ6mgr1m3xO0cJqzH8uVwZpYl5nQeT4dFbRkGvA2sXoPjE7";

pub(super) fn sign_in() -> Value {
    json!({ "email": EMAIL, "password": PASSWORD })
}

/// A sample password, said again until a namespace would take it.
pub(super) fn long_enough(password: &str, min: usize) -> String {
    let length = min.max(password.len());
    password.chars().cycle().take(length).collect()
}

pub(super) fn sign_up(min: usize) -> Value {
    json!({ "email": "new.owner@example.com", "password": long_enough(PASSWORD, min) })
}

/// Published is the empty object: the token is in the header, or in the cookie.
pub(super) fn refresh() -> Value {
    json!({
        "tokenInHeader": { "summary": "The token is in the header or the cookie", "value": {} },
        "tokenInBody": { "summary": "The token is in the body", "value": { "refresh_token": REFRESH_TOKEN } },
    })
}

/// Published is the empty object.
pub(super) fn sign_out() -> Value {
    json!({
        "thisSession": { "summary": "End this session", "value": {} },
        "everySession": { "summary": "End every session of the account", "value": { "scope": "global" } },
    })
}

pub(super) fn forgot_password() -> Value {
    json!({ "email": EMAIL, "redirect_to": "https://platform.minbil.no/reset-password" })
}

pub(super) fn verify_email() -> Value {
    json!({ "token": VERIFICATION_TOKEN })
}

pub(super) fn resend_verification() -> Value {
    json!({ "email": EMAIL })
}

pub(super) fn reset_password(min: usize) -> Value {
    json!({ "token": RESET_TOKEN, "password": long_enough(NEW_PASSWORD, min) })
}

pub(super) fn change_password(min: usize) -> Value {
    json!({ "current_password": PASSWORD, "new_password": long_enough(NEW_PASSWORD, min) })
}

pub(super) fn signed_in(message: &str, with_refresh_token: bool) -> Value {
    let mut body = refreshed(message, with_refresh_token);
    body["user"] = user();
    body
}

pub(super) fn refreshed(message: &str, with_refresh_token: bool) -> Value {
    let mut body = json!({
        "message": message,
        "access_token": ACCESS_TOKEN,
        "refresh_token": REFRESH_TOKEN,
        "expires_in": 3600,
        "expires_at": "2026-02-03T15:31:45Z",
        "expires_at_unix": 1_770_132_705,
        "token_type": "bearer",
    });
    if let Some(body) = body.as_object_mut().filter(|_| !with_refresh_token) {
        body.shift_remove("refresh_token");
    }
    body
}

pub(super) fn signed_up() -> Value {
    json!({ "message": "Registration successful.", "uid": NEW_USER_ID })
}

pub(super) fn message(text: &str) -> Value {
    json!({ "message": text })
}

pub(super) fn me() -> Value {
    json!({ "message": "Signed in.", "user": user() })
}

fn user() -> Value {
    json!({
        "id": USER_ID,
        "email": EMAIL,
        "email_verified": false,
        "created_at": "2026-01-12T09:24:10Z",
        "updated_at": "2026-01-12T09:24:10Z",
        "last_sign_in_at": "2026-02-03T14:31:45Z",
    })
}

pub(super) fn sessions() -> Value {
    json!({
        "message": "Sessions of this account.",
        "sessions": [
            {
                "id": SESSION_ID,
                "created_at": "2026-02-03T14:31:45Z",
                "last_used_at": "2026-02-03T14:31:45Z",
                "expires_at": "2026-03-05T14:31:45Z",
                "current": true,
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0",
                "address": "203.0.113.7",
            },
            {
                "id": OTHER_SESSION_ID,
                "created_at": "2026-01-28T17:03:52Z",
                "last_used_at": "2026-02-02T06:48:11Z",
                "expires_at": "2026-03-04T06:48:11Z",
                "current": false,
                "user_agent": null,
                "address": "2001:db8::1f",
            },
        ],
    })
}

pub(super) fn jwks() -> Value {
    json!({ "keys": [{
        "use": "sig",
        "alg": "ES256",
        "kid": KEY_ID,
        "kty": "EC",
        "crv": "P-256",
        "x": "BSRDYoGgv979HDtaeZi31vUUM1JxkK_O7QwrSmmIp8Y",
        "y": "CzppmMf2JVSDsuEQP26dzPsqWYi35hVEc6LRAC9ejbw",
    }] })
}

pub(super) fn wrong_fields() -> Vec<FieldProblem> {
    let wrong = |field, code, message: &str| FieldProblem { field, code, message: message.to_owned() };
    vec![
        wrong("email", "malformed", "This is not an email address of the form name@example.com."),
        wrong("password", "missing", "password is required."),
    ]
}
