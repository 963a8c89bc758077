//! `POST sign-up`

use super::answer::private;
use crate::extract::call::Call;
use crate::extract::fields::{email, new_password};
use crate::extract::json_body::JsonBody;
use crate::problem::Problem;
use crate::state::HttpState;
use app::sign_up;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct SignedUp {
    message: &'static str,
    uid: String,
}

pub(super) async fn sign_up(
    State(state): State<Arc<HttpState>>,
    call: Call,
    JsonBody(mut body): JsonBody,
) -> Result<Response, Problem> {
    let email = body.required("email", |text| email(&text));
    let password = body.required("password", new_password(call.namespace.password_min));
    let (Some(email), Some(password)) = (email, password) else { return Err(body.into_problem()) };
    let (service, namespace, key) = (&state.service, &call.namespace, call.idempotency_key()?);
    let user = sign_up::sign_up(service, namespace, email, password, key.as_ref(), &call.origin).await?;
    let body = SignedUp { message: "Registration successful.", uid: user.to_string() };
    Ok(private(StatusCode::CREATED, body))
}
