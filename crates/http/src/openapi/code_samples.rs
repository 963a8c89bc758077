//! The published snippets, byte for byte the files that the tests run.

use super::examples;
use super::naming::Scope;
use crate::operations::Operation;
use serde_json::{Value, json};

/// One call in the three published languages, in the published order.
struct Samples {
    axios: &'static str,
    curl: &'static str,
    fetch: &'static str,
}

macro_rules! samples {
    ($endpoint:literal) => {
        Samples {
            axios: include_str!(concat!("../../../../docs/snippets/", $endpoint, ".axios.mjs")),
            curl: include_str!(concat!("../../../../docs/snippets/", $endpoint, ".curl.sh")),
            fetch: include_str!(concat!("../../../../docs/snippets/", $endpoint, ".fetch.mjs")),
        }
    };
}

/// The samples of a call, with the paths of its namespace, and with a password that it would take.
pub(super) fn of(operation: Operation, scope: Scope<'_>) -> Option<Value> {
    let samples = published(operation)?;
    let chosen = match operation {
        Operation::SignUp => examples::PASSWORD,
        _ => examples::NEW_PASSWORD,
    };
    let long_enough = examples::long_enough(chosen, scope.rules.password_min);
    let path = format!("/api/{}/", scope.name);
    let own = |source: &str| source.replace("/api/co/", &path).replace(chosen, &long_enough);
    Some(json!([
        { "lang": "JavaScript", "label": "Node.js axios", "source": own(samples.axios) },
        { "lang": "Shell", "label": "cURL", "source": own(samples.curl) },
        { "lang": "JavaScript", "label": "fetch", "source": own(samples.fetch) },
    ]))
}

const fn published(operation: Operation) -> Option<Samples> {
    Some(match operation {
        Operation::SignUp => samples!("sign-up"),
        Operation::SignIn => samples!("sign-in"),
        Operation::Refresh => samples!("refresh"),
        Operation::SignOut => samples!("sign-out"),
        Operation::ForgotPassword => samples!("forgot-password"),
        Operation::ResetPassword => samples!("reset-password"),
        Operation::VerifyEmail => samples!("verify-email"),
        Operation::ResendVerification => samples!("resend-verification"),
        Operation::ChangePassword => samples!("change-password"),
        Operation::Me => samples!("me"),
        Operation::ListSessions => samples!("list-sessions"),
        Operation::EndSession => samples!("end-session"),
        Operation::Jwks | Operation::OpenapiJson | Operation::Healthz | Operation::Readyz => return None,
    })
}
