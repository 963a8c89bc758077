//! The upkeep worker: removes what is over, and notes which API keys are in use.

use super::repeat;
use app::api_keys::note_uses;
use app::audit_chain::{CutError, cut_expired};
use app::fault::Fault;
use app::ports::store::{Purged, Retention};
use app::service::Service;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How many rows of a kind one write removes, so that no request waits long behind it.
const BATCH: u32 = 500;

/// Purges until the server stops.
pub async fn run(service: Arc<Service>, retention: Retention, every: Duration, stop: CancellationToken) {
    repeat(stop.clone(), every, "upkeep", || step(&service, retention, &stop)).await;
    // What was used since the last step would be lost with the process.
    if let Err(fault) = note_uses(&service).await {
        tracing::warn!(error = %fault, "the last uses of API keys were not noted");
    }
}

async fn step(service: &Service, retention: Retention, stop: &CancellationToken) -> Result<(), Fault> {
    note_uses(service).await?;
    purge(service, retention, stop).await
}

/// What is not as it was sealed stays, and says so each time.
async fn cut(service: &Service, retention: Retention) -> Result<u64, Fault> {
    match cut_expired(service, retention.audit, BATCH).await {
        Ok(removed) => Ok(removed),
        Err(CutError::Fault(fault)) => Err(fault),
        Err(error @ CutError::Flaw(_)) => {
            tracing::error!(%error, "`minbil-auth audit verify` says more");
            Ok(0)
        }
    }
}

async fn purge(service: &Service, retention: Retention, stop: &CancellationToken) -> Result<(), Fault> {
    let mut total = Purged::default();
    while !stop.is_cancelled() {
        let mut purged = service.store.purge(retention, BATCH).await?;
        purged.audit += cut(service, retention).await?;
        total.sessions += purged.sessions;
        total.mail += purged.mail;
        total.audit += purged.audit;
        total.once += purged.once;
        if purged == Purged::default() {
            break;
        }
    }
    if total != Purged::default() {
        tracing::info!(
            sessions = total.sessions,
            mail = total.mail,
            audit = total.audit,
            once = total.once,
            "purged"
        );
    }
    Ok(())
}
