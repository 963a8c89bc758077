//! The pages of the server itself: the way in, the development inbox, the pages that mailed links lead to.

mod front;
mod inbox;
mod mail_text;
mod mailed_link;
mod reset_password;
mod reset_texts;
mod verify_email;
mod verify_texts;

use crate::state::HttpState;
use crate::static_files;
use axum::Router;
use std::sync::Arc;

/// The pages. The inbox exists only where mail is caught.
pub(crate) fn routes(state: &HttpState) -> Router<Arc<HttpState>> {
    let inbox = state.inbox.as_ref().map(|inbox| inbox::routes(Arc::clone(inbox)));
    Router::new()
        .merge(static_files::routes())
        .merge(front::routes(state.options.docs))
        .merge(reset_password::routes(&state.service.namespaces))
        .merge(verify_email::routes(&state.service.namespaces))
        .merge(inbox.unwrap_or_default())
}
