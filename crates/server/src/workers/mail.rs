//! The mail worker: delivers what is due, then waits for the next.

use super::rest;
use app::deliver_mail::{MailWork, deliver_next};
use app::service::Service;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a new order waits at the most before a worker looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long to wait after a failure of the store.
const AFTER_FAULT: Duration = Duration::from_secs(2);

/// Delivers mail until the server stops. A delivery under way is finished first.
pub async fn run(service: Arc<Service>, work: MailWork, stop: CancellationToken) {
    let mut pause = Duration::ZERO;
    while rest(&stop, pause).await {
        pause = match step(&service, work).await {
            Ok(pause) => pause,
            Err(fault) => {
                tracing::warn!(error = %fault, "the mail worker cannot reach the store");
                AFTER_FAULT
            }
        };
    }
}

/// Looks before it claims: reading costs nothing, and a claim is a write with a flush.
async fn step(service: &Service, work: MailWork) -> Result<Duration, app::fault::Fault> {
    match service.store.next_mail_due().await? {
        Some(wait) if wait.is_zero() => {
            deliver_next(service, work).await?;
            Ok(Duration::ZERO)
        }
        Some(wait) => Ok(wait.min(LOOK_EVERY)),
        None => Ok(LOOK_EVERY),
    }
}
