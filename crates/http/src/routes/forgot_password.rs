//! `POST forgot-password`

use super::answer::{Message, private};
use crate::extract::call::Call;
use crate::extract::fields::{email, text};
use crate::extract::json_body::JsonBody;
use crate::problem::Problem;
use crate::state::HttpState;
use app::forgot_password;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::redirect::REDIRECT_MAX;
use std::sync::Arc;

/// The same for every address.
const ON_ITS_WAY: &str = "If an account exists for this address, a password reset link is on its way.";

pub(super) async fn forgot_password(
    State(state): State<Arc<HttpState>>,
    call: Call,
    JsonBody(mut body): JsonBody,
) -> Result<Response, Problem> {
    let email = body.required("email", |text| email(&text));
    let redirect_to = body.optional("redirect_to", text(REDIRECT_MAX));
    let Some(email) = email else { return Err(body.into_problem()) };
    body.finish()?;
    let redirect_to = redirect_to.as_deref();
    let (service, namespace, key) = (&state.service, &call.namespace, call.idempotency_key()?);
    forgot_password::forgot_password(service, namespace, email, redirect_to, key.as_ref(), &call.origin)
        .await?;
    Ok(private(StatusCode::OK, Message { message: ON_ITS_WAY }))
}
