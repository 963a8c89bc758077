//! The published snippets, byte for byte the files that the tests run.

use crate::operations::Operation;
use domain::namespace::NamespaceName;
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

/// The samples of a call, with the paths of its namespace.
pub(super) fn of(operation: Operation, namespace: &NamespaceName) -> Option<Value> {
    let samples = published(operation)?;
    let own = |source: &str| source.replace("/api/co/", &format!("/api/{namespace}/"));
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
        Operation::ResetPassword
        | Operation::ChangePassword
        | Operation::Me
        | Operation::ListSessions
        | Operation::EndSession
        | Operation::Jwks
        | Operation::OpenapiJson
        | Operation::Healthz
        | Operation::Readyz => return None,
    })
}
