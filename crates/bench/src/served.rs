//! The server, measured: the release binary as a child process on a fresh database.

use crate::load::{self, Driven, Work};
use anyhow::Context as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// How the store commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commits {
    /// As it ships: what is queued shares one flush.
    Grouped,
    /// One flush for each request.
    OnePerRequest,
}

/// What was measured.
pub(crate) struct Served {
    /// What the clients saw.
    pub(crate) driven: Driven,
    writes: f64,
    flushes: f64,
}

impl Served {
    /// How many writes shared a flush, on average.
    pub(crate) fn group_size(&self) -> f64 {
        self.writes / self.flushes.max(1.0)
    }
}

const START_MAX: Duration = Duration::from_secs(20);

/// Starts the server, drives it, and stops it.
pub(crate) async fn measure(
    server: &Path,
    commits: Commits,
    chains: usize,
    span: Duration,
) -> anyhow::Result<Served> {
    let data = tempfile::tempdir_in(".")?;
    let (port, metrics) = (free_port()?, free_port()?);
    let group_max = if commits == Commits::Grouped { 256 } else { 1 };
    let _child = start(server, data.path(), port, metrics, group_max)?;
    wait_until_ready(port).await?;
    let before = counters(metrics).await?;
    let driven = load::drive(Work::Refresh, port, chains, span).await?;
    let after = counters(metrics).await?;
    Ok(Served { driven, writes: after.0 - before.0, flushes: after.1 - before.1 })
}

fn start(server: &Path, data: &Path, port: u16, metrics: u16, group_max: usize) -> anyhow::Result<Child> {
    Command::new(server)
        .arg("--data-dir")
        .arg(data)
        .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
        .env("MINBIL_AUTH_HTTP__METRICS_LISTEN", format!("127.0.0.1:{metrics}"))
        .env("MINBIL_AUTH_DATABASE__GROUP_MAX", group_max.to_string())
        .env("MINBIL_AUTH_LIMITS__ENABLED", "false")
        .env("MINBIL_AUTH_LOG__LEVEL", "warn")
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", server.display()))
}

async fn wait_until_ready(port: u16) -> anyhow::Result<()> {
    let start = Instant::now();
    while start.elapsed() < START_MAX {
        if get(port, "/readyz").await.is_ok_and(|answer| answer.contains(" 200 ")) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("the server is not ready")
}

/// Writes and flushes of the store so far.
async fn counters(metrics: u16) -> anyhow::Result<(f64, f64)> {
    let text = get(metrics, "/metrics").await?;
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .with_context(|| format!("/metrics has no {name}"))
    };
    Ok((value("minbil_auth_store_writes_total")?, value("minbil_auth_store_flushes_total")?))
}

async fn get(port: u16, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
