//! Request bodies: one JSON object, read strictly.
//!
//! Two parsers that disagree about a body are a way in, so what parsers disagree about is refused: a key
//! that stands twice (at any depth), a byte order mark, anything after the object. Unknown keys are ignored.

use super::fields::Fields;
use crate::options::HttpOptions;
use crate::problem::{Problem, ProblemCode};
use crate::state::HttpState;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;
use std::sync::Arc;

/// A body that must be there.
pub(crate) struct JsonBody(pub(crate) Fields);

/// A body that may be missing altogether, whatever the content type says.
pub(crate) struct OptionalJsonBody(pub(crate) Fields);

impl FromRequest<Arc<HttpState>> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<HttpState>) -> Result<Self, Problem> {
        let is_json = says_json(request.headers());
        let body = read(request, &state.options).await?;
        if !is_json {
            return Err(ProblemCode::UnsupportedMediaType.into());
        }
        parse(&body).map(|map| Self(Fields::new(map)))
    }
}

impl FromRequest<Arc<HttpState>> for OptionalJsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<HttpState>) -> Result<Self, Problem> {
        let is_json = says_json(request.headers());
        let body = read(request, &state.options).await?;
        if body.is_empty() {
            return Ok(Self(Fields::new(Map::new())));
        }
        if !is_json {
            return Err(ProblemCode::UnsupportedMediaType.into());
        }
        parse(&body).map(|map| Self(Fields::new(map)))
    }
}

/// The whole body, also when it comes in chunks without an announced length. A client that stops in the
/// middle gets half of the time a request may take.
async fn read(request: Request, options: &HttpOptions) -> Result<Bytes, Problem> {
    let body = to_bytes(request.into_body(), options.body_max_bytes);
    match tokio::time::timeout(options.request_deadline / 2, body).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(ProblemCode::PayloadTooLarge.into()),
        Err(_) => Err(ProblemCode::RequestTimeout.into()),
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// One object, every key once.
pub(crate) fn parse(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice::<Strict>(body) {
        Ok(Strict(Value::Object(map))) => Ok(map),
        _ => Err(ProblemCode::MalformedJson.into()),
    }
}

/// A JSON value without duplicate keys.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with distinct keys")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asvs_1_5_3_what_parsers_disagree_about_is_refused() {
        for bad in [
            &b""[..],
            b"null",
            b"[]",
            b"\"a\"",
            b"{",
            b"{}x",
            b"{} {}",
            b"{\"a\":1,\"a\":2}",
            b"{\"b\":{\"a\":1,\"a\":1}}",
            b"{\"b\":[{\"a\":1,\"\\u0061\":1}]}",
            b"\xef\xbb\xbf{}",
            b"{'a':1}",
            b"{\"a\":1,}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":NaN}",
            b"\xff\xfe{\0}\0",
        ] {
            assert!(parse(bad).is_err(), "{:?}", String::from_utf8_lossy(bad));
        }
        assert!(parse(&[b"[".repeat(20_000), b"]".repeat(20_000)].concat()).is_err());
        assert!(parse(b" {\"a\": 1, \"b\": {\"a\": 2}} ").is_ok());
    }

    #[test]
    fn only_json_is_json() {
        let says = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, axum::http::HeaderValue::from_static(value));
            says_json(&headers)
        };
        assert!(says("application/json") && says("Application/JSON; charset=utf-8"));
        assert!(
            !says("text/plain")
                && !says("application/jsonp")
                && !says("application/problem+json")
                && !says("")
        );
    }
}
