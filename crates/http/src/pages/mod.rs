//! Pages.

use crate::state::HttpState;
use axum::Router;
use std::sync::Arc;

/// The pages.
pub(crate) fn routes() -> Router<Arc<HttpState>> {
    Router::new()
}
