//! How callers prove themselves.

use super::naming::{Scope, schema_name};
use crate::extract::{api_key, cookie};
use crate::operations::{Group, Operation, Proof};
use crate::options::HttpOptions;
use serde_json::{Map, Value, json};

const BEARER: &str = "bearerAuth";
const API_KEY: &str = "apiKey";

/// The ways there are. The cookie is one for each namespace, because its name is.
pub(super) fn schemes(options: &HttpOptions) -> Value {
    let mut schemes = Map::new();
    schemes.insert(
        BEARER.to_owned(),
        json!({
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token. Refresh and sign-out take a refresh token there as well.",
        }),
    );
    for name in options.namespaces.keys() {
        schemes.insert(
            cookie_scheme(name),
            json!({
                "type": "apiKey",
                "in": "cookie",
                "name": cookie::name(options.mode, name),
                "description": "The refresh token of a browser's session: HttpOnly, SameSite=Strict, set at sign-in for pages of \
                    the server's own origin and of the namespace's allowed origins, and taken from those pages alone.",
            }),
        );
    }
    schemes.insert(
        API_KEY.to_owned(),
        json!({
            "type": "apiKey",
            "in": "header",
            "name": api_key::API_KEY,
            "description": "Names the calling application, never a user: no call lets anybody in by it, and none does more with it. \
                A namespace may ask for one at every call; elsewhere a key that is sent has to be good all the same.",
        }),
    );
    schemes.into()
}

/// What a call asks for: any one of these, each with the application's key, or without where nobody asks for one.
pub(super) fn of(operation: Operation, scope: Option<Scope<'_>>) -> Value {
    let Some(scope) = scope else { return json!([]) };
    if operation.group() != Group::Auth {
        return json!([{}]);
    }
    let ways: Vec<Map<String, Value>> = match operation.proof() {
        Proof::Nothing => vec![Map::new()],
        Proof::AccessToken => vec![way(BEARER)],
        Proof::AnyToken => vec![way(BEARER), way(&cookie_scheme(scope.name))],
    };
    let with_key = ways.iter().cloned().map(|mut way| {
        way.insert(API_KEY.to_owned(), json!([]));
        way
    });
    let without: &[_] = if scope.rules.api_key_required { &[] } else { &ways };
    without.iter().cloned().chain(with_key).collect()
}

fn way(scheme: &str) -> Map<String, Value> {
    Map::from_iter([(scheme.to_owned(), json!([]))])
}

fn cookie_scheme(name: &domain::namespace::NamespaceName) -> String {
    let name = schema_name(name, "Cookie");
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_ascii_lowercase())
}
