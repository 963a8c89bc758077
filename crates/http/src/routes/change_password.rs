//! `POST change-password`

use super::answer::signed_in;
use crate::extract::call::Call;
use crate::extract::fields::{new_password, password};
use crate::extract::json_body::JsonBody;
use crate::problem::Problem;
use crate::state::HttpState;
use app::change_password::{self, PasswordChange};
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn change_password(
    State(state): State<Arc<HttpState>>,
    call: Call,
    JsonBody(mut body): JsonBody,
) -> Result<Response, Problem> {
    let caller = call.caller(&state).await?;
    let namespace = &call.namespace;
    let current = body.required("current_password", password);
    let new = body.required("new_password", new_password(namespace.password_min));
    let (Some(current), Some(new)) = (current, new) else { return Err(body.into_problem()) };
    let (change, cookie) = (PasswordChange { current, new }, call.with_cookie);
    let service = &state.service;
    let outcome =
        change_password::change_password(service, namespace, &caller, change, cookie, &call.origin).await?;
    Ok(signed_in("Password changed.", &outcome, state.options.mode, &namespace.name))
}
