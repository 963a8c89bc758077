//! What goes on beside the requests. Each worker calls a use case, sleeps, and ends when it is told to.

pub mod audit;
pub mod mail;
pub mod refused_calls;
pub mod signing_keys;
pub mod upkeep;

use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Waits for `pause`, or less if the server stops; whether to go on.
async fn rest(stop: &CancellationToken, pause: Duration) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}

/// Repeats `step` every `pause` until the server stops. A failed step is logged and tried again after the
/// next pause: a store that comes back finds its workers alive.
async fn repeat<F, Fut>(stop: CancellationToken, pause: Duration, name: &'static str, step: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<(), app::fault::Fault>>,
{
    while rest(&stop, pause).await {
        if let Err(fault) = step().await {
            tracing::warn!(worker = name, error = %fault, "a worker's step failed and will be tried again");
        }
    }
}
