//! `POST verify-email`

use super::answer::{Message, private};
use crate::extract::call::Call;
use crate::extract::fields::token;
use crate::extract::json_body::JsonBody;
use crate::problem::Problem;
use crate::state::HttpState;
use app::verify_email;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn verify_email(
    State(state): State<Arc<HttpState>>,
    call: Call,
    JsonBody(mut body): JsonBody,
) -> Result<Response, Problem> {
    let token = body.required("token", token);
    let Some(token) = token else { return Err(body.into_problem()) };
    body.finish()?;
    verify_email::verify_email(&state.service, &call.namespace, &token, &call.origin).await?;
    Ok(private(StatusCode::OK, Message { message: "Email address verified." }))
}
