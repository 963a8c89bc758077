//! Writes down the calls that were refused, a row for many.

use super::repeat;
use app::refused_calls::write;
use app::service::Service;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long the window of one row is. A process that is killed loses the counts of its last one.
const WINDOW: Duration = Duration::from_secs(60);

/// Writes until the server stops; what was counted since then is for whoever stops it.
pub async fn run(service: Arc<Service>, stop: CancellationToken) {
    let (store, calls) = (&service.store, &service.refused_calls);
    repeat(stop, WINDOW, "refused calls", || write(store.as_ref(), calls)).await;
}
