//! Faults on order, for whoever builds a client: an answer that is lost or late after its work is done, or a problem that is
//! hard to come by. Development mode alone has this layer; in production the header means nothing.

use crate::problem::{FieldProblem, Problem, ProblemCode};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use std::io;
use std::time::Duration;

/// The header with the order.
pub(crate) const FAULT: HeaderName = HeaderName::from_static("x-minbil-fault");

/// The longest delay: longer than the published snippets wait, shorter than a request may take.
const DELAY_MAX: Duration = Duration::from_millis(25_000);

/// What was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The connection closes without an answer, after the work is done.
    Drop,
    /// The answer comes late.
    Delay(Duration),
    /// Nothing is done, and this is the answer.
    Problem(ProblemCode),
}

/// Carries the order out.
pub(crate) async fn fault_mode(request: Request, next: Next) -> Response {
    match read(request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(Fault::Problem(code))) => Problem::new(code).into_response(),
        Ok(Some(Fault::Delay(wait))) => {
            let response = next.run(request).await;
            tokio::time::sleep(wait).await;
            response
        }
        Ok(Some(Fault::Drop)) => {
            drop(next.run(request).await);
            lost()
        }
        Err(problem) => problem.into_response(),
    }
}

/// An answer whose body fails before its head is sent: the connection closes, and the client sees nothing at all.
fn lost() -> Response {
    let broken =
        io::Error::new(io::ErrorKind::ConnectionAborted, "the client ordered this answer to be lost");
    Response::new(Body::from_stream(stream::once(async { Err::<Vec<u8>, _>(broken) })))
}

fn read(headers: &HeaderMap) -> Result<Option<Fault>, Problem> {
    let Some(value) = headers.get(FAULT) else { return Ok(None) };
    value.to_str().ok().and_then(parse).map(Some).ok_or_else(|| {
        Problem::invalid(vec![FieldProblem {
            field: "X-Minbil-Fault",
            code: "unknown_value",
            message: format!(
                "X-Minbil-Fault is drop, delay=MILLISECONDS (at most {}), or problem=CODE.",
                DELAY_MAX.as_millis()
            ),
        }])
    })
}

fn parse(text: &str) -> Option<Fault> {
    match text.trim().split_once('=') {
        None => (text.trim() == "drop").then_some(Fault::Drop),
        Some(("delay", wait)) => {
            let wait = Duration::from_millis(wait.parse().ok()?);
            (wait <= DELAY_MAX).then_some(Fault::Delay(wait))
        }
        Some(("problem", code)) => {
            ProblemCode::ALL.iter().copied().find(|known| known.code() == code).map(Fault::Problem)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::to_bytes;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::Instant;
    use tower::ServiceExt as _;

    /// Asks with an order; also tells how often the work was done.
    async fn ask(order: &str) -> (Response, usize) {
        let done = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&done);
        let work = move || async move { counted.fetch_add(1, Ordering::SeqCst).to_string() };
        let router = Router::new().route("/", post(work)).layer(from_fn(fault_mode));
        let request = Request::post("/").header(FAULT, order).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        (response, done.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_dropped_answer_is_lost_after_the_work_is_done() {
        let (response, done) = ask("drop").await;
        assert_eq!(done, 1);
        assert!(to_bytes(response.into_body(), 10).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_is_the_same_answer() {
        let start = Instant::now();
        let (response, done) = ask("delay=2500").await;
        assert_eq!((done, start.elapsed().as_millis()), (1, 2500));
        assert_eq!(to_bytes(response.into_body(), 10).await.unwrap(), "0");
    }

    #[tokio::test]
    async fn a_forced_problem_is_answered_and_nothing_is_done() {
        for code in ProblemCode::ALL {
            let (response, done) = ask(&format!("problem={}", code.code())).await;
            assert_eq!((response.status().as_u16(), done), (code.status(), 0));
            assert_eq!(response.extensions().get::<Problem>().unwrap().code, *code);
        }
    }

    #[tokio::test]
    async fn an_order_that_is_none_is_refused_and_not_ignored() {
        for order in ["", "Drop", "delay", "delay=", "delay=25001", "delay=-1", "problem=nothing", "x=1"] {
            let (response, done) = ask(order).await;
            assert_eq!((response.status(), done), (StatusCode::BAD_REQUEST, 0), "{order}");
        }
    }
}
