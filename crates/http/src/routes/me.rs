//! `GET me`

use super::answer::{UserBody, private};
use crate::extract::call::Call;
use crate::problem::Problem;
use crate::state::HttpState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct Me {
    message: &'static str,
    user: UserBody,
}

pub(super) async fn me(State(state): State<Arc<HttpState>>, call: Call) -> Result<Response, Problem> {
    let caller = call.caller(&state).await?;
    Ok(private(StatusCode::OK, Me { message: "Signed in.", user: UserBody::from(&caller.user) }))
}
