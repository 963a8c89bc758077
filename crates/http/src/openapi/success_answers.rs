//! The answer of a call that went well, and the headers of answers.

use super::naming::{Scope, schema_name};
use super::{examples, schemas};
use crate::operations::Operation;
use crate::options::HttpOptions;
use serde_json::{Map, Value, json};

/// What an answer holds.
struct Answer {
    status: u16,
    description: &'static str,
    schema: String,
    example: Value,
    headers: &'static [(&'static str, &'static str)],
}

const NO_STORE: (&str, &str) = ("Cache-Control", "NoStore");
const SETS_COOKIE: &[(&str, &str)] = &[NO_STORE, ("Set-Cookie", "RefreshCookie")];
const MARKS_SIGN_IN: &[(&str, &str)] = &[NO_STORE, ("Set-Cookie", "SignInCookies")];
const MARKS_DEVICE: &[(&str, &str)] = &[NO_STORE, ("Set-Cookie", "DeviceCookie")];
const CLEARS_COOKIE: &[(&str, &str)] = &[NO_STORE, ("Set-Cookie", "ClearedCookie")];
const PRIVATE: &[(&str, &str)] = &[NO_STORE];
const PUBLIC: &[(&str, &str)] = &[("Cache-Control", "CacheControl")];

/// The status and the answer.
pub(super) fn of(operation: Operation, scope: Option<Scope<'_>>, options: &HttpOptions) -> (u16, Value) {
    let answer = match scope {
        Some(scope) => of_namespace(operation, scope),
        None => None,
    };
    let answer = answer.unwrap_or_else(|| of_server(operation, options));
    let always = [header("X-Request-Id", "RequestId")].into_iter();
    let headers: Map<_, _> =
        always.chain(answer.headers.iter().map(|(name, component)| header(name, component))).collect();
    let content = json!({ "application/json": {
        "schema": schemas::reference(&answer.schema),
        "examples": { "example": { "value": answer.example } },
    } });
    (answer.status, json!({ "description": answer.description, "headers": headers, "content": content }))
}

fn of_namespace(operation: Operation, scope: Scope<'_>) -> Option<Answer> {
    let in_bodies = scope.rules.refresh_tokens_in_bodies;
    let own = |schema| schema_name(scope.name, schema);
    let tokens = |description, schema, example| ok(description, &own(schema), example, SETS_COOKIE);
    let says = |description, text, headers| ok(description, "Message", examples::message(text), headers);
    Some(match operation {
        Operation::SignIn => {
            let example = examples::signed_in("Login successful.", in_bodies);
            ok("Signed in.", &own("SignedIn"), example, MARKS_SIGN_IN)
        }
        Operation::ChangePassword => {
            let example = examples::signed_in("Password changed.", in_bodies);
            tokens(
                "The password is changed, every session has ended, and this is a new one.",
                "SignedIn",
                example,
            )
        }
        Operation::Refresh => {
            tokens("New tokens.", "Refreshed", examples::refreshed("Token refreshed.", in_bodies))
        }
        Operation::SignUp => {
            let answer = ok(
                "The account exists now; where addresses must be confirmed, once its mailbox has.",
                "SignedUp",
                examples::signed_up(),
                PRIVATE,
            );
            Answer { status: 201, ..answer }
        }
        Operation::SignOut => says("The session has ended.", "Sign-out successful.", CLEARS_COOKIE),
        Operation::ForgotPassword => says(
            "The same for every address, with an account or without.",
            "If an account exists for this address, a password reset link is on its way.",
            PRIVATE,
        ),
        Operation::ResetPassword => {
            let text = "Password reset successful.";
            says("The new password holds, every session has ended.", text, MARKS_DEVICE)
        }
        Operation::VerifyEmail => says("The address is confirmed.", "Email address verified.", PRIVATE),
        Operation::ResendVerification => {
            let text = "If this address has an account that waits to be confirmed, a verification link is on its way.";
            let answer = says("The same for every address, with an account or without.", text, PRIVATE);
            Answer { status: 202, ..answer }
        }
        Operation::Me => ok("The caller.", "Me", examples::me(), PRIVATE),
        Operation::ListSessions => {
            ok("The live sessions, the latest proof first.", "Sessions", examples::sessions(), PRIVATE)
        }
        Operation::EndSession => says("The session has ended.", "Session ended.", CLEARS_COOKIE),
        Operation::Jwks => {
            ok("The public keys, those of tomorrow included.", "JwkSet", examples::jwks(), PUBLIC)
        }
        Operation::OpenapiJson | Operation::Healthz | Operation::Readyz => return None,
    })
}

fn of_server(operation: Operation, options: &HttpOptions) -> Answer {
    let is = |description, status: &str| ok(description, "Health", json!({ "status": status }), PRIVATE);
    match operation {
        Operation::Healthz => is("The process answers.", "alive"),
        Operation::Readyz => is("Send traffic here.", "ready"),
        _ => {
            let info = json!({ "title": "Minbil authentication API", "version": options.version });
            let example = json!({ "openapi": "3.1.0", "info": info, "paths": {} });
            ok("The document.", "OpenapiDocument", example, PUBLIC)
        }
    }
}

fn ok(
    description: &'static str,
    schema: &str,
    example: Value,
    headers: &'static [(&'static str, &'static str)],
) -> Answer {
    Answer { status: 200, description, schema: schema.to_owned(), example, headers }
}

/// A header of an answer, by reference.
pub(super) fn header(name: &str, component: &str) -> (String, Value) {
    (name.to_owned(), json!({ "$ref": format!("#/components/headers/{component}") }))
}

/// Every header that an answer may carry.
pub(super) fn header_components() -> Value {
    let text = |description: &str, required: bool, schema: Value| json!({ "description": description, "required": required, "schema": schema });
    json!({
        "RequestId": text(
            "The id of this request, as in the problem document and in the server's log. The request's own, if it had a plain one.",
            true,
            json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }),
        ),
        "NoStore": text("Kept out of every cache.", true, json!({ "type": "string", "const": "no-store" })),
        "CacheControl": text("How long it may be kept.", true, json!({ "type": "string" })),
        "RetryAfter": text(
            "How many seconds to wait before trying again.",
            true,
            json!({ "type": "integer", "minimum": 1 }),
        ),
        "RetryAfterInUse": text(
            "How many seconds to wait, where the first call under the same key is still running.",
            false,
            json!({ "type": "integer", "minimum": 1 }),
        ),
        "RateLimit": text(
            "The limit that refused the request: nothing is left, and in `t` seconds there is room for one more.",
            true,
            json!({ "type": "string", "pattern": "^\"[a-z-]+\";r=0;t=[0-9]+$" }),
        ),
        "RateLimitPolicy": text(
            "The limit's name, how many it lets pass (`q`), and in how many seconds (`w`).",
            true,
            json!({ "type": "string", "pattern": "^\"[a-z-]+\";q=[0-9]+;w=[0-9]+$" }),
        ),
        "Challenge": text(
            "The error code is there if the request carried a token (RFC 6750 section 3).",
            true,
            json!({ "type": "string", "enum": ["Bearer", "Bearer error=\"invalid_token\""] }),
        ),
        "RefreshCookie": text(
            "The refresh cookie, if a page called that may hold it.",
            false,
            json!({ "type": "string" }),
        ),
        "SignInCookies": text(
            "The refresh cookie, if a page called that may hold it, and in a line of its own the mark by which this device is known \
                at the next sign-in. The mark opens nothing: it keeps strangers who guess from shutting the owner out.",
            false,
            json!({ "type": "string" }),
        ),
        "DeviceCookie": text(
            "The mark by which this device is known at the next sign-in.",
            false,
            json!({ "type": "string" }),
        ),
        "ClearedCookie": text(
            "Takes the refresh cookie away, if the request carried the one of the session that is over.",
            false,
            json!({ "type": "string" }),
        ),
    })
}
