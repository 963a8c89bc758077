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
pub(crate) const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
/// How many clients sign in at once for the share of the ceiling.
const CLIENTS: usize = 16;
/// How many sign-ins are always in flight in a flood.
const FLOOD: usize = 64;
/// How many clients refresh.
const CHAINS: usize = 8;
/// How often they do so together beside the flood: often enough for a 99th percentile, and not a second load.
const BESIDE_PER_SECOND: f64 = 200.0;
/// How many times what the hash allows is asked for in an overload, and by how many clients: ten for each place at the server's
/// threads and in its queue.
const OVERLOAD: f64 = 10.0;
const OVERLOAD_CLIENTS: usize = 660;

pub(crate) const CEILING: &str = "hashes/s, ceiling with a reused block";
pub(crate) const ALONE: &str = "sign-in/s, 16 clients";
pub(crate) const SHARE: &str = "ratio: sign-in / hash ceiling";
pub(crate) const IN_FLOOD: &str = "sign-in/s in the flood";
pub(crate) const FLOOD_SHARE: &str = "ratio: sign-in in the flood / hash ceiling";
pub(crate) const FLOOD_P99: &str = "refresh p99 beside 64 sign-ins, us";
pub(crate) const IN_OVERLOAD: &str = "sign-in/s at ten times overload";
pub(crate) const OVERLOAD_SHARE: &str = "ratio: sign-in at ten times overload / hash ceiling";
const AFTER_SHARE: &str = "ratio: sign-in just after the overload / hash ceiling";
pub(crate) const MEMORY: &str = "MiB of memory at overload, beyond idle and hashing blocks";

/// What we aim for.
pub(crate) const TARGETS: [Target; 6] = [
    Target::at_least(SHARE, 0.95),
    Target::at_least(FLOOD_SHARE, 0.90),
    Target::at_most(FLOOD_P99, 10_000.0),
    Target::at_least(OVERLOAD_SHARE, 0.90),
    Target::at_least(AFTER_SHARE, 0.90),
    Target::at_most(MEMORY, 16.0),
];

/// Measures one round. The ceiling is measured before and after whatever is held against it, for half the time: it moves by a
/// twentieth within seconds.
pub(crate) async fn round(binary: &Path, span: Duration) -> anyhow::Result<Vec<Figure>> {
    let server = Server::fresh(binary, &[]).await?;
    let port = server.port;
    let allowed = server.memory_mib()? + hashing_blocks_mib();
    let calm = load::drive_paced(Work::Refresh, port, CHAINS, BESIDE_PER_SECOND, span).await?;
    let mut ceilings = vec![ceiling(span / 2)?];
    let alone = load::drive(Work::SignIn, port, CLIENTS, span).await?;
    ceilings.push(ceiling(span / 2)?);
    let (flood, beside) = tokio::try_join!(
        load::drive(Work::SignIn, port, FLOOD, span),
        load::drive_paced(Work::Refresh, port, CHAINS, BESIDE_PER_SECOND, span),
    )?;
    ceilings.push(ceiling(span / 2)?);
    let offered = ceilings[2] * OVERLOAD;
    let overload = load::drive_paced(Work::SignIn, port, OVERLOAD_CLIENTS, offered, span).await?;
    let beyond = server.memory_mib()? - allowed;
    let after = load::drive(Work::SignIn, port, CLIENTS, span).await?;
    ceilings.push(ceiling(span / 2)?);
    let around: Vec<f64> = ceilings.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])).collect();
    Ok(vec![
        Figure::new(CEILING, ceilings.iter().sum::<f64>() / ceilings.len() as f64),
        Figure::new(ALONE, alone.per_second),
        Figure::new(SHARE, alone.per_second / around[0]),
        Figure::new("refresh p99 with nothing beside it, us", calm.p99_us as f64),
        Figure::new(FLOOD_P99, beside.p99_us as f64),
        Figure::new(IN_FLOOD, flood.per_second),
        Figure::new(FLOOD_SHARE, flood.per_second / around[1]),
        Figure::new("sign-ins/s asked for at ten times overload", offered),
        Figure::new(IN_OVERLOAD, overload.per_second),
        Figure::new(OVERLOAD_SHARE, overload.per_second / around[2]),
        Figure::new("503 with Retry-After a second, at overload", overload.shed_per_second),
        Figure::new("time to such a 503, p99, us", overload.shed_p99_us as f64),
        Figure::new(AFTER_SHARE, after.per_second / around[2]),
        Figure::new(MEMORY, beyond.max(0.0)),
    ])
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A thread a core, each with one.
fn hashing_blocks_mib() -> f64 {
    cores() as f64 * f64::from(MEMORY_KIB) / 1024.0
}

/// Hashes a second of one thread a core, each with a block of its own that it uses again and again.
pub(crate) fn ceiling(span: Duration) -> anyhow::Result<f64> {
    let start = Instant::now();
    let threads: Vec<_> =
        (0..cores()).map(|_| std::thread::spawn(move || hash_until(start + span))).collect();
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
