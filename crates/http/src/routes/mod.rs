//! One file per call: read the request into domain types, call the use case, write the answer.

mod answer;
mod change_password;
mod forgot_password;
mod health;
mod jwks;
mod me;
mod openapi_json;
mod refresh;
mod reset_password;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;

use crate::layers::cors;
use crate::layers::guard::guard;
use crate::state::HttpState;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use std::sync::Arc;

/// The calls of the namespaces.
pub(crate) fn of_namespaces(state: &Arc<HttpState>) -> Router<Arc<HttpState>> {
    Router::new()
        .route("/api/{ns}/auth/sign-up", post(sign_up::sign_up))
        .route("/api/{ns}/auth/sign-in", post(sign_in::sign_in))
        .route("/api/{ns}/auth/refresh", post(refresh::refresh))
        .route("/api/{ns}/auth/sign-out", post(sign_out::sign_out))
        .route("/api/{ns}/auth/forgot-password", post(forgot_password::forgot_password))
        .route("/api/{ns}/auth/reset-password", post(reset_password::reset_password))
        .route("/api/{ns}/auth/change-password", post(change_password::change_password))
        .route("/api/{ns}/auth/me", get(me::me))
        .route("/api/{ns}/auth/sessions", get(sessions::list))
        .route("/api/{ns}/auth/sessions/{id}", delete(sessions::end))
        .layer(from_fn_with_state(Arc::clone(state), guard))
        .layer(cors::of_namespaces(state))
}

/// What anybody may read.
pub(crate) fn of_public_documents(state: &Arc<HttpState>) -> Router<Arc<HttpState>> {
    Router::new()
        .route("/api/{ns}/.well-known/jwks.json", get(jwks::jwks))
        .route("/openapi.json", get(openapi_json::openapi_json))
        .layer(from_fn_with_state(Arc::clone(state), guard))
        .layer(cors::of_public_documents())
}

/// What a load balancer asks.
pub(crate) fn of_health() -> Router<Arc<HttpState>> {
    Router::new().route("/healthz", get(health::healthz)).route("/readyz", get(health::readyz))
}
