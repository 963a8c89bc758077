//! `/`: where somebody lands who knows only the server's name.

use crate::options::DocsOptions;
use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

/// The route. Without documentation there is nothing to lead to, and the address is like any other.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(docs: DocsOptions) -> Router<S> {
    if docs.enabled { Router::new().route("/", get(to_docs)) } else { Router::new() }
}

async fn to_docs() -> Redirect {
    Redirect::to("/docs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::header::LOCATION;
    use axum::http::{Request, StatusCode};
    use axum::response::Response;
    use tower::ServiceExt as _;

    async fn front(enabled: bool) -> Response {
        let router = routes::<()>(DocsOptions { enabled, console: true }).with_state(());
        router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn the_front_leads_to_the_documentation_if_there_is_one() {
        let answer = front(true).await;
        assert_eq!(
            (answer.status(), &answer.headers()[LOCATION]),
            (StatusCode::SEE_OTHER, &"/docs".parse().unwrap())
        );
        assert_eq!(front(false).await.status(), StatusCode::NOT_FOUND);
    }
}
