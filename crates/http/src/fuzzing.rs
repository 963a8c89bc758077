//! What the fuzz targets reach of the extractors. Built with `--cfg fuzzing` alone; no part of the crate's API.

use crate::extract::{authorization, cookie, json_body};
use app::credentials::HeaderText;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// What a call's `Authorization` headers say; `None` if hyper would not let one of them through.
pub fn authorization(values: &[&[u8]]) -> Option<HeaderText> {
    Some(authorization::read(&headers(&AUTHORIZATION, values)?))
}

/// The value of the cookie `name` of a call's `Cookie` headers; `None` as above.
pub fn cookie(values: &[&[u8]], name: &str) -> Option<Option<String>> {
    let read = cookie::read(&headers(&COOKIE, values)?, name);
    Some(read.map(|value| value.expose().to_owned()))
}

/// The object that a body holds; `None` if it is refused.
pub fn json_object(body: &[u8]) -> Option<Map<String, Value>> {
    json_body::parse(body).ok()
}

fn headers(name: &HeaderName, values: &[&[u8]]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(headers)
}
