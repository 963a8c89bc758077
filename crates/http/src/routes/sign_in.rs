//! `POST sign-in`

use super::answer::{remembered, signed_in};
use crate::extract::call::Call;
use crate::extract::fields::{email, password};
use crate::extract::json_body::JsonBody;
use crate::problem::Problem;
use crate::state::HttpState;
use app::sign_in;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn sign_in(
    State(state): State<Arc<HttpState>>,
    call: Call,
    JsonBody(mut body): JsonBody,
) -> Result<Response, Problem> {
    let email = body.required("email", |text| email(&text));
    let password = body.required("password", password);
    let (Some(email), Some(password)) = (email, password) else { return Err(body.into_problem()) };
    let (service, namespace, cookie) = (&state.service, &call.namespace, call.browser_cookie());
    let outcome = sign_in::sign_in(service, namespace, &email, password, &cookie, &call.origin).await?;
    let mode = state.options.mode;
    let response = signed_in("Login successful.", &outcome, mode, &namespace.name);
    Ok(remembered(response, &call, mode, outcome.device.as_ref()))
}
