//! `POST sign-out`

use super::answer::{Message, no_store};
use crate::extract::call::Call;
use crate::extract::cookie;
use crate::extract::fields::token;
use crate::extract::json_body::OptionalJsonBody;
use crate::problem::Problem;
use crate::state::HttpState;
use app::sign_out::{self, SignOutScope};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

pub(super) async fn sign_out(
    State(state): State<Arc<HttpState>>,
    call: Call,
    OptionalJsonBody(mut body): OptionalJsonBody,
) -> Result<Response, Problem> {
    let refresh_token = body.optional("refresh_token", token);
    let scope = body.optional("scope", |text| scope(&text));
    body.finish()?;
    let presented = call.presented(refresh_token);
    let (service, namespace) = (&state.service, &call.namespace);
    let outcome =
        sign_out::sign_out(service, namespace, &presented, scope.unwrap_or_default(), &call.origin).await?;
    let cleared = outcome.clear_cookie.then(|| cookie::clear(state.options.mode, &namespace.name)).flatten();
    Ok((no_store(cleared), Json(Message { message: "Sign-out successful." })).into_response())
}

fn scope(text: &str) -> Result<SignOutScope, (&'static str, String)> {
    match text {
        "local" => Ok(SignOutScope::Local),
        "others" => Ok(SignOutScope::Others),
        "global" => Ok(SignOutScope::Global),
        _ => Err(("unknown_value", "scope is local, others or global.".to_owned())),
    }
}
