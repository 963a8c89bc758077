//! The load generator: a process of its own, with real connections, one token chain a client, and a look at
//! every answer.

use crate::client::{Client, Seen};
use crate::pace::Pace;
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
    /// Microseconds until such an answer: 99th percentile.
    pub(crate) shed_p99_us: u64,
    /// Microseconds until a good answer: median and 99th percentile.
    pub(crate) p50_us: u64,
    /// See `p50_us`.
    pub(crate) p99_us: u64,
}

/// Clients that call as fast as they are answered.
pub(crate) async fn drive(work: Work, port: u16, clients: usize, span: Duration) -> anyhow::Result<Driven> {
    generate(work, port, clients, span, 0.0, Path::new("")).await
}

/// Clients that call `per_second` times together, however fast they are answered.
pub(crate) async fn drive_paced(
    work: Work,
    port: u16,
    clients: usize,
    per_second: f64,
    span: Duration,
) -> anyhow::Result<Driven> {
    generate(work, port, clients, span, per_second, Path::new("")).await
}

/// As [`drive`]; the tokens that its clients begin and end with are in `file`.
pub(crate) async fn drive_keeping(
    work: Work,
    port: u16,
    clients: usize,
    span: Duration,
    file: &Path,
) -> anyhow::Result<Driven> {
    generate(work, port, clients, span, 0.0, file).await
}

/// Runs the load generator as a child process against `port`.
async fn generate(
    work: Work,
    port: u16,
    clients: usize,
    span: Duration,
    per_second: f64,
    file: &Path,
) -> anyhow::Result<Driven> {
    let output = Command::new(std::env::current_exe()?)
        .args([COMMAND, work.name(), &port.to_string(), &clients.to_string()])
        .args([span.as_millis().to_string(), per_second.to_string()])
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
        shed_p99_us: answer["shed_p99_us"].as_u64().context("shed_p99_us")?,
        p50_us: answer["p50_us"].as_u64().context("p50_us")?,
        p99_us: answer["p99_us"].as_u64().context("p99_us")?,
    })
}

/// The child's side.
pub(crate) async fn run_as_child(arguments: &[String]) -> anyhow::Result<()> {
    let [work, port, clients, millis, per_second, file] = arguments else {
        anyhow::bail!("drive WORK PORT CLIENTS MILLIS PER_SECOND FILE")
    };
    let work = Work::ALL.into_iter().find(|one| one.name() == work).context("WORK is not one of ours")?;
    let (port, count): (u16, usize) = (port.parse()?, clients.parse()?);
    let span = Duration::from_millis(millis.parse()?);
    let mut kept: Vec<Option<Vec<String>>> = match work {
        Work::RefreshKept => serde_json::from_slice(&std::fs::read(file)?)?,
        _ => vec![None; count],
    };
    kept.resize(count, None);
    let mut clients = Vec::new();
    for (number, tokens) in kept.into_iter().enumerate() {
        clients.push(Client::begin(work, port, number, tokens).await?);
    }
    let start = Instant::now();
    let paces = Pace::of_each(count, per_second.parse()?, start);
    let tasks: Vec<_> = std::iter::zip(clients, paces)
        .map(|(client, pace)| tokio::spawn(client.run(pace, start + span)))
        .collect();
    let (mut seen, mut tokens) = (Seen::default(), Vec::new());
    for task in tasks {
        let (client, its) = task.await??;
        seen.latencies.extend(its.latencies);
        seen.shed.extend(its.shed);
        tokens.push(client.tokens);
    }
    if !file.is_empty() {
        std::fs::write(file, serde_json::to_vec(&tokens)?)?;
    }
    anyhow::ensure!(work == Work::Prepare || !seen.latencies.is_empty(), "nothing was answered");
    println!("{}", summed(seen, start.elapsed()));
    Ok(())
}

fn summed(mut seen: Seen, elapsed: Duration) -> Value {
    let elapsed = elapsed.as_secs_f64();
    serde_json::json!({
        "per_second": seen.latencies.len() as f64 / elapsed,
        "shed_per_second": seen.shed.len() as f64 / elapsed,
        "p50_us": percentile(&mut seen.latencies, 50),
        "p99_us": percentile(&mut seen.latencies, 99),
        "shed_p99_us": percentile(&mut seen.shed, 99),
    })
}

/// 0 if there are none.
fn percentile(values: &mut [u64], hundredths: usize) -> u64 {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) * hundredths / 100).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_values_in_order() {
        let mut values: Vec<u64> = (1..=200).rev().collect();
        assert_eq!((percentile(&mut values, 50), percentile(&mut values, 99)), (100, 198));
        assert_eq!((percentile(&mut [7], 99), percentile(&mut [], 99)), (7, 0));
    }
}
