//! The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header).

use crate::problem::{FieldProblem, Problem};
use axum::http::HeaderMap;
use domain::idempotency::{IdempotencyKey, InvalidIdempotencyKey};

/// The header, in lower case as HTTP/2 has it.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What the header says: a key, none, or what is none.
pub(crate) struct IdempotencyHeader(Result<Option<IdempotencyKey>, InvalidIdempotencyKey>);

impl IdempotencyHeader {
    /// The key, or the problem that names the header.
    pub(crate) fn key(&self) -> Result<Option<IdempotencyKey>, Problem> {
        self.0.clone().map_err(|invalid| {
            let message = invalid.to_string();
            Problem::invalid(vec![FieldProblem { field: "Idempotency-Key", code: "malformed", message }])
        })
    }
}

/// Reads the header. Two of them are no key: nobody can say which one counts.
pub(crate) fn read(headers: &HeaderMap) -> IdempotencyHeader {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    IdempotencyHeader(match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map_err(|_| InvalidIdempotencyKey).and_then(IdempotencyKey::parse).map(Some)
        }
        (Some(_), Some(_)) => Err(InvalidIdempotencyKey),
    })
}
