//! The load generator: a process of its own, with real connections, one token chain a client, and a look at
//! every answer.

use crate::client::Client;
use crate::work::Work;
use anyhow::Context as _;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// The hidden command that makes this program the load generator.
pub(crate) const COMMAND: &str = "drive";

/// What the clients saw.
pub(crate) struct Driven {
    /// Good answers a second.
    pub(crate) per_second: f64,
    /// Answers a second that said 503 with `Retry-After`.
    pub(crate) shed_per_second: f64,
    /// Microseconds: median and 99th percentile.
    pub(crate) p50_us: u64,
    /// See `p50_us`.
    pub(crate) p99_us: u64,
}

/// Runs the load generator as a child process against `port`.
pub(crate) async fn drive(work: Work, port: u16, chains: usize, span: Duration) -> anyhow::Result<Driven> {
    drive_keeping(work, port, chains, span, Path::new("")).await
}

/// The same; the tokens that its clients begin and end with are in `file`.
pub(crate) async fn drive_keeping(
    work: Work,
    port: u16,
    chains: usize,
    span: Duration,
    file: &Path,
) -> anyhow::Result<Driven> {
    let output = Command::new(std::env::current_exe()?)
        .args([COMMAND, work.name(), &port.to_string(), &chains.to_string(), &span.as_millis().to_string()])
        .arg(file)
        .kill_on_drop(true)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "the load generator failed: {said}");
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    Ok(Driven {
        per_second: answer["per_second"].as_f64().context("per_second")?,
        shed_per_second: answer["shed_per_second"].as_f64().context("shed_per_second")?,
        p50_us: answer["p50_us"].as_u64().context("p50_us")?,
        p99_us: answer["p99_us"].as_u64().context("p99_us")?,
    })
}

/// The child's side.
pub(crate) async fn run_as_child(arguments: &[String]) -> anyhow::Result<()> {
    let [work, port, chains, millis, file] = arguments else {
        anyhow::bail!("drive WORK PORT CHAINS MILLIS FILE")
    };
    let work = Work::ALL.into_iter().find(|one| one.name() == work).context("WORK is not one of ours")?;
    let (port, chains): (u16, usize) = (port.parse()?, chains.parse()?);
    let span = Duration::from_millis(millis.parse()?);
    let mut kept: Vec<Option<Vec<String>>> = match work {
        Work::RefreshKept => serde_json::from_slice(&std::fs::read(file)?)?,
        _ => vec![None; chains],
    };
    kept.resize(chains, None);
    let mut clients = Vec::new();
    for (number, tokens) in kept.into_iter().enumerate() {
        clients.push(Client::begin(work, port, number, tokens).await?);
    }
    let start = Instant::now();
    let tasks: Vec<_> = clients.into_iter().map(|client| tokio::spawn(client.run(start + span))).collect();
    let (mut latencies, mut shed, mut tokens) = (Vec::new(), 0_u32, Vec::new());
    for task in tasks {
        let (client, seen) = task.await??;
        latencies.extend(seen.latencies);
        shed += seen.shed;
        tokens.push(client.tokens);
    }
    if !file.is_empty() {
        std::fs::write(file, serde_json::to_vec(&tokens)?)?;
    }
    anyhow::ensure!(work == Work::Prepare || !latencies.is_empty(), "nothing was answered");
    println!("{}", seen(latencies, shed, start.elapsed()));
    Ok(())
}

fn seen(mut latencies: Vec<u64>, shed: u32, elapsed: Duration) -> Value {
    latencies.sort_unstable();
    let at = |hundredths: usize| {
        latencies.get(latencies.len().saturating_sub(1) * hundredths / 100).copied().unwrap_or(0)
    };
    let elapsed = elapsed.as_secs_f64();
    serde_json::json!({
        "per_second": latencies.len() as f64 / elapsed, "shed_per_second": f64::from(shed) / elapsed,
        "p50_us": at(50), "p99_us": at(99),
    })
}
