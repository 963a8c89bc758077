//! The key worker: rotates signing keys that are due, and picks up those that another process made.

use super::repeat;
use app::rotate_signing_keys::{KeyRotation, maintain};
use app::service::Service;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Keeps signing keys in order until the server stops.
pub async fn run(service: Arc<Service>, rotation: KeyRotation, every: Duration, stop: CancellationToken) {
    repeat(stop, every, "signing keys", || maintain(&service, rotation)).await;
}
