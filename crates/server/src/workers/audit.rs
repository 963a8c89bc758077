//! The audit worker: seals what has settled, and notes the head of the chain in the log.

use super::rest;
use app::audit_chain::{LastSeen, Sealed, seal_next};
use app::fault::Fault;
use app::service::Service;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often it looks for something to seal.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often the head goes to the log, which is kept elsewhere: an end that is torn off later does not fit it.
const NOTE_EVERY: Duration = Duration::from_secs(600);

/// Seals until the server stops.
pub async fn run(service: Arc<Service>, stop: CancellationToken) {
    let (mut seen, mut noted) = (LastSeen::default(), Noted::default());
    while rest(&stop, LOOK_EVERY).await {
        if let Err(fault) = round(&service, &mut seen, &stop).await {
            tracing::warn!(worker = "audit", error = %fault, "nothing is sealed until the next round");
        }
        noted.note(&seen);
    }
}

/// Everything that waits, batch by batch.
async fn round(service: &Service, seen: &mut LastSeen, stop: &CancellationToken) -> Result<(), Fault> {
    let mut has_lease = false;
    while let Sealed::Events { is_full: true, .. } = seal_next(service, seen, has_lease).await? {
        if stop.is_cancelled() {
            break;
        }
        has_lease = true;
    }
    Ok(())
}

#[derive(Default)]
struct Noted {
    last: Option<Instant>,
    seq: u64,
}

impl Noted {
    fn note(&mut self, seen: &LastSeen) {
        let Some((seq, seal)) = seen.head() else { return };
        let is_time = self.last.is_none_or(|at| at.elapsed() >= NOTE_EVERY);
        if !is_time || seq == self.seq {
            return;
        }
        *self = Self { last: Some(Instant::now()), seq };
        tracing::info!(head = %crate::output::anchor(seq, &seal), "the audit log's chain stands here");
    }
}
