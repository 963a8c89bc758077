//! `POST resend-verification`

use super::answer::{Message, private};
use crate::extract::call::Call;
use crate::extract::fields::{email, text};
use crate::extract::json_body::JsonBody;
use crate::problem::Problem;
use crate::state::HttpState;
use app::resend_verification;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::redirect::REDIRECT_MAX;
use std::sync::Arc;

/// The same for every address.
const ON_ITS_WAY: &str =
    "If this address has an account that waits to be confirmed, a verification link is on its way.";

pub(super) async fn resend_verification(
    State(state): State<Arc<HttpState>>,
    call: Call,
    JsonBody(mut body): JsonBody,
) -> Result<Response, Problem> {
    let email = body.required("email", |text| email(&text));
    let redirect_to = body.optional("redirect_to", text(REDIRECT_MAX));
    let Some(email) = email else { return Err(body.into_problem()) };
    body.finish()?;
    let (service, namespace, redirect_to) = (&state.service, &call.namespace, redirect_to.as_deref());
    resend_verification::resend_verification(service, namespace, email, redirect_to, &call.origin).await?;
    Ok(private(StatusCode::ACCEPTED, Message { message: ON_ITS_WAY }))
}
