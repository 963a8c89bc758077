//! Sign-in beside the ceiling of its own hash, refresh beside a flood of sign-ins, and what either costs in memory.

use crate::load;
use crate::report::{Figure, Target};
use crate::served::Server;
use crate::work::Work;
use anyhow::Context as _;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::path::Path;
use std::time::{Duration, Instant};

/// What a hash costs: the server's default.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
/// How many clients sign in at once for the share of the ceiling.
const CLIENTS: usize = 16;
/// How many sign-ins are always in flight in a flood.
const FLOOD: usize = 64;
/// Ten times what the server takes: its threads and its queue.
const OVERLOAD: usize = 660;
/// How many clients refresh beside the flood.
const CHAINS: usize = 8;

const SHARE: &str = "ratio: sign-in / hash ceiling";
const FLOOD_SHARE: &str = "ratio: sign-in in the flood / hash ceiling";
const FLOOD_P99: &str = "refresh p99 beside 64 sign-ins, us";
const OVERLOAD_SHARE: &str = "ratio: sign-in at ten times overload / hash ceiling";
const GROWTH: &str = "MiB of memory, grown by the overload";

/// What we aim for.
pub(crate) const TARGETS: [Target; 5] = [
    Target::at_least(SHARE, 0.95),
    Target::at_least(FLOOD_SHARE, 0.90),
    Target::at_most(FLOOD_P99, 10_000.0),
    Target::at_least(OVERLOAD_SHARE, 0.90),
    Target::at_most(GROWTH, 16.0),
];

/// Measures one round.
pub(crate) async fn round(binary: &Path, span: Duration) -> anyhow::Result<Vec<Figure>> {
    let ceiling = ceiling(span)?;
    let server = Server::fresh(binary, &[]).await?;
    let calm = load::drive(Work::Refresh, server.port, CHAINS, span).await?;
    let alone = load::drive(Work::SignIn, server.port, CLIENTS, span).await?;
    let (flood, beside) = tokio::try_join!(
        load::drive(Work::SignIn, server.port, FLOOD, span),
        load::drive(Work::Refresh, server.port, CHAINS, span),
    )?;
    let before = server.memory_mib()?;
    let overload = load::drive(Work::SignIn, server.port, OVERLOAD, span).await?;
    let grown = server.memory_mib()? - before;
    Ok(vec![
        Figure::new("hashes/s, ceiling with a reused block", ceiling),
        Figure::new("sign-in/s, 16 clients", alone.per_second),
        Figure::new(SHARE, alone.per_second / ceiling),
        Figure::new("refresh p99 with nothing beside it, us", calm.p99_us as f64),
        Figure::new(FLOOD_P99, beside.p99_us as f64),
        Figure::new("sign-in/s in the flood", flood.per_second),
        Figure::new(FLOOD_SHARE, flood.per_second / ceiling),
        Figure::new("sign-in/s at ten times overload", overload.per_second),
        Figure::new(OVERLOAD_SHARE, overload.per_second / ceiling),
        Figure::new("503 with Retry-After a second, at overload", overload.shed_per_second),
        Figure::new(GROWTH, grown.max(0.0)),
    ])
}

/// Hashes a second of one thread a core, each with a block of its own that it uses again and again.
pub(crate) fn ceiling(span: Duration) -> anyhow::Result<f64> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let start = Instant::now();
    let threads: Vec<_> = (0..cores).map(|_| std::thread::spawn(move || hash_until(start + span))).collect();
    let mut hashes = 0.0;
    for thread in threads {
        hashes += f64::from(thread.join().ok().context("a hashing thread failed")??);
    }
    Ok(hashes / start.elapsed().as_secs_f64())
}

fn hash_until(end: Instant) -> anyhow::Result<u32> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).context("parameters")?;
    let mut blocks = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut hashes, mut output) = (0, [0; 32]);
    while Instant::now() < end {
        argon2
            .hash_password_into_with_memory(
                b"a phrase to measure with",
                &[7; 16],
                &mut output,
                &mut blocks[..],
            )
            .context("a hash")?;
        hashes += 1;
    }
    Ok(hashes)
}
