//! Refresh on the embedded store, in turn: as it ships, with one commit per request, the disk's own ceiling, and what the other steps
//! of a refresh would allow.

use crate::ceiling;
use crate::echo::Echo;
use crate::load::{self, Driven};
use crate::report::{Figure, Target};
use crate::served::Server;
use crate::work::Work;
use std::path::Path;
use std::time::Duration;

/// How many clients refresh at once, each with a chain of its own.
const CHAINS: usize = 64;
/// The share of the ceiling that we aim for.
const SHARE_AIM: f64 = 0.60;

/// Measures one round.
pub(crate) async fn round(binary: &Path, span: Duration) -> anyhow::Result<Vec<Figure>> {
    let (product, batch) = drive(binary, &[], span).await?;
    let (single, _) = drive(binary, &[("MINBIL_AUTH_DATABASE__GROUP_MAX", "1")], span).await?;
    let ceiling = ceiling::rows(batch.round().max(1.0), CHAINS, span).await?;
    // What each step would allow if it were alone; a moment is enough for what is steady.
    let answers = Echo::start().await?.drive(CHAINS, span / 2).await?.per_second;
    let flushes = ceiling::flushes(span / 4).await?;
    let signatures = ceiling::signatures(span / 4)?;
    Ok(vec![
        Figure::new(PRODUCT, product.per_second),
        Figure::new("refresh/s, one commit per request", single.per_second),
        Figure::new(CEILING, ceiling),
        Figure::new("writes per flush", batch),
        Figure::new("answers/s, bare axum, 64 clients", answers),
        Figure::new("flushes/s, one row each, nothing beside them", flushes),
        Figure::new("ES256 signatures/s, one core", signatures),
        Figure::new("refresh p50, us", product.p50_us as f64),
        Figure::new("refresh p99, us", product.p99_us as f64),
        Figure::new("ratio: group commit / one commit each", product.per_second / single.per_second),
        Figure::new(SHARE, product.per_second / ceiling),
        Figure::new("ratio: refresh / bare axum", product.per_second / answers),
    ])
}

pub(crate) const PRODUCT: &str = "refresh/s, 64 clients, group commit";
pub(crate) const CEILING: &str = "rows/s, disk ceiling at the same batch";
pub(crate) const SHARE: &str = "ratio: refresh / disk ceiling";

/// What we aim for.
pub(crate) const TARGETS: [Target; 1] = [Target::at_least(SHARE, SHARE_AIM)];

async fn drive(binary: &Path, settings: &[(&str, &str)], span: Duration) -> anyhow::Result<(Driven, f64)> {
    let server = Server::fresh(binary, settings).await?;
    let before = server.counts().await?;
    let driven = load::drive(Work::Refresh, server.port, CHAINS, span).await?;
    let after = server.counts().await?;
    let batch = (after.writes - before.writes) / (after.flushes - before.flushes).max(1.0);
    Ok((driven, batch))
}
