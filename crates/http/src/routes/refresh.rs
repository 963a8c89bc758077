//! `POST refresh`

use super::answer::tokens;
use crate::extract::call::Call;
use crate::extract::cookie;
use crate::extract::fields::token;
use crate::extract::json_body::OptionalJsonBody;
use crate::problem::Problem;
use crate::state::HttpState;
use app::refresh::{self, RefreshError};
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

pub(super) async fn refresh(
    State(state): State<Arc<HttpState>>,
    call: Call,
    OptionalJsonBody(mut body): OptionalJsonBody,
) -> Result<Response, Problem> {
    let refresh_token = body.optional("refresh_token", token);
    body.finish()?;
    let presented = call.presented(refresh_token);
    let (mode, name) = (state.options.mode, &call.namespace.name);
    match refresh::refresh(&state.service, &call.namespace, &presented, &call.origin).await {
        Ok(grant) => Ok(tokens("Token refreshed.", &grant, None, mode, name)),
        Err(error) => {
            let clears = matches!(error, RefreshError::Refused { clear_cookie: true, .. });
            let mut response = Problem::from(error).into_response();
            if let Some(cleared) = cookie::clear(mode, name).filter(|_| clears) {
                response.headers_mut().insert(SET_COOKIE, cleared);
            }
            Ok(response)
        }
    }
}
