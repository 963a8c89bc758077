//! What calls answer. Objects are open: a later version may add fields.

use super::super::schemas::reference;
use super::fields::{id, message, moment, moment_or_null, text, text_or_null};
use super::{Named, object};
use crate::options::HttpNamespace;
use crate::problem::ProblemCode;
use domain::refresh_token::REFRESH_TOKEN_LEN;
use domain::session::USER_AGENT_MAX;
use serde_json::{Value, json};

/// Those whose fields depend on the namespace.
pub(super) fn of_namespace(rules: &HttpNamespace) -> [Named; 2] {
    let in_bodies = rules.refresh_tokens_in_bodies;
    [
        ("SignedIn", tokens("Tokens, and the user they are for.", in_bodies, true)),
        ("Refreshed", tokens("Tokens that take the place of earlier ones.", in_bodies, false)),
    ]
}

/// In the published order.
fn tokens(description: &str, with_refresh_token: bool, with_user: bool) -> Value {
    let access_token = text(
        "A JWT (RFC 9068). Send it as `Authorization: Bearer …`.",
        json!({ "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$" }),
    );
    let refresh_token = text(
        "Opaque. Each one is worth one refresh; keep the newest.",
        json!({ "minLength": REFRESH_TOKEN_LEN, "maxLength": REFRESH_TOKEN_LEN }),
    );
    let whole = |description: &str| json!({ "type": "integer", "minimum": 0, "description": description });
    let fields = [
        ("message", Some(message())),
        ("access_token", Some(access_token)),
        ("refresh_token", with_refresh_token.then_some(refresh_token)),
        ("expires_in", Some(whole("How many seconds the access token lives."))),
        ("expires_at", Some(moment("When the access token expires, by the server's clock."))),
        ("expires_at_unix", Some(whole("The same moment in seconds since 1970."))),
        ("token_type", Some(json!({ "type": "string", "const": "bearer" }))),
        ("user", with_user.then(|| reference("User"))),
    ];
    let fields = || fields.iter().filter_map(|(name, schema)| Some((*name, schema.clone()?)));
    let required: Vec<&str> = fields().map(|(name, _)| name).collect();
    let properties =
        fields().map(|(name, schema)| (name.to_owned(), schema)).collect::<serde_json::Map<_, _>>();
    object(description, &required, properties.into())
}

/// Those that are the same everywhere.
pub(super) fn for_all() -> [Named; 10] {
    [
        ("Message", object("What happened.", &["message"], json!({ "message": message() }))),
        (
            "SignedUp",
            object(
                "The new account.",
                &["message", "uid"],
                json!({ "message": message(), "uid": id("The user's id.") }),
            ),
        ),
        (
            "Me",
            object(
                "The caller.",
                &["message", "user"],
                json!({ "message": message(), "user": reference("User") }),
            ),
        ),
        ("User", user()),
        (
            "Sessions",
            object(
                "Live sessions.",
                &["message", "sessions"],
                json!({ "message": message(), "sessions": { "type": "array", "items": reference("Session") } }),
            ),
        ),
        ("Session", session()),
        (
            "JwkSet",
            object(
                "Public keys (RFC 7517). Empty where access tokens are signed with a shared secret.",
                &["keys"],
                json!({ "keys": { "type": "array", "items": reference("Jwk") } }),
            ),
        ),
        ("Jwk", jwk()),
        (
            "Health",
            object(
                "How the server is.",
                &["status"],
                json!({ "status": { "type": "string", "enum": ["alive", "ready"] } }),
            ),
        ),
        ("OpenapiDocument", openapi_document()),
    ]
}

fn openapi_document() -> Value {
    let (object_of_its_own, list) = (json!({ "type": "object" }), json!({ "type": "array" }));
    object(
        "An OpenAPI document.",
        &["openapi", "info", "paths"],
        json!({
            "openapi": { "type": "string", "pattern": r"^3\.1\.\d+$" },
            "info": object_of_its_own,
            "servers": list,
            "tags": list,
            "paths": object_of_its_own,
            "components": object_of_its_own,
            "x-problems-of-no-call": list,
        }),
    )
}

fn user() -> Value {
    object(
        "A user.",
        &["id", "email", "email_verified", "created_at", "updated_at", "last_sign_in_at"],
        json!({
            "id": id("The user's id; the `sub` of access tokens."),
            "email": text("The address, its domain in ASCII.", json!({ "format": "email" })),
            "email_verified": {
                "type": "boolean",
                "description": "Whether somebody proved to read this mailbox.",
            },
            "created_at": moment("When the account was made."),
            "updated_at": moment("When anything but the last sign-in changed."),
            "last_sign_in_at": moment_or_null("When the user last signed in with the password."),
        }),
    )
}

fn session() -> Value {
    object(
        "A session: one sign-in, on one device.",
        &["id", "created_at", "last_used_at", "expires_at", "current", "user_agent", "address"],
        json!({
            "id": id("The session's id; the `sid` of its access tokens."),
            "created_at": moment("When the user signed in."),
            "last_used_at": moment("When it was last proved with the password or a refresh token of its own."),
            "expires_at": moment("When it ends unless it is used before."),
            "current": { "type": "boolean", "description": "Whether this is the session that asks." },
            "user_agent": text_or_null("The client by its own account.", json!({ "maxLength": USER_AGENT_MAX })),
            "address": text_or_null("The network address it was last used from.", json!({})),
        }),
    )
}

fn jwk() -> Value {
    let coordinate = |description| text(description, json!({ "pattern": "^[A-Za-z0-9_-]{43}$" }));
    object(
        "One public key.",
        &["use", "alg", "kid", "kty", "crv", "x"],
        json!({
            "use": { "type": "string", "const": "sig" },
            "alg": { "type": "string", "enum": ["ES256", "EdDSA"] },
            "kid": text("The key's RFC 7638 thumbprint, as in the header of the tokens it signed.", json!({})),
            "kty": { "type": "string", "enum": ["EC", "OKP"] },
            "crv": { "type": "string", "enum": ["P-256", "Ed25519"] },
            "x": coordinate("The x coordinate, or the key itself."),
            "y": coordinate("The y coordinate; for EC keys alone."),
        }),
    )
}

/// What every failed call answers (RFC 9457).
pub(super) fn problems() -> [Named; 2] {
    let codes: Vec<_> = ProblemCode::ALL.iter().map(|code| code.code()).collect();
    let problem = object(
        "Why a call failed (RFC 9457).",
        &["type", "title", "status", "detail", "message", "code", "request_id"],
        json!({
            "type": text("The page that explains the code.", json!({ "format": "uri" })),
            "title": text("The code in words.", json!({})),
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": text("What happened, as a sentence.", json!({})),
            "message": text("The same sentence, under the name it has in every other answer.", json!({})),
            "code": { "type": "string", "enum": codes, "description": "What to branch on after the status." },
            "request_id": text("Names this request to the people who run the server.", json!({})),
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": reference("FieldProblem"),
                "description": "With `validation_failed` alone: everything that is wrong.",
            },
        }),
    );
    let field_problem = object(
        "What is wrong with one field. It never repeats the value.",
        &["field", "code", "message"],
        json!({
            "field": text("The field's name.", json!({})),
            "code": {
                "type": "string",
                "enum": ["missing", "wrong_type", "too_short", "too_long", "malformed", "unknown_value"],
            },
            "message": message(),
        }),
    );
    [("Problem", problem), ("FieldProblem", field_problem)]
}
