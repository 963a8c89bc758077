//! `POST reset-password`

use super::answer::{Message, private};
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
    reset_password::reset_password(&state.service, &call.namespace, &token, password, &call.origin).await?;
    Ok(private(StatusCode::OK, Message { message: "Password reset successful." }))
}
