//! `POST reset-password`

use super::answer::{Message, private, remembered};
use crate::extract::call::Call;
use crate::extract::fields::{new_password, token};
use crate::extract::json_body::JsonBody;
use crate::problem::Problem;
use crate::state::HttpState;
use app::reset_password;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn reset_password(
    State(state): State<Arc<HttpState>>,
    call: Call,
    JsonBody(mut body): JsonBody,
) -> Result<Response, Problem> {
    let token = body.required("token", token);
    let password = body.required("password", new_password(call.namespace.password_min));
    let (Some(token), Some(password)) = (token, password) else { return Err(body.into_problem()) };
    let (service, namespace) = (&state.service, &call.namespace);
    let reset = reset_password::reset_password(service, namespace, &token, password, &call.origin).await?;
    let response = private(StatusCode::OK, Message { message: "Password reset successful." });
    Ok(remembered(response, &call, state.options.mode, reset.device.as_ref()))
}
