//! The server, as it ships: the release binary as a child process on a database of its own.

use anyhow::Context as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// How long a server may take to become ready. Far more than it needs.
const START_MAX: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Server {
    child: Child,
    data: TempDir,
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
    metrics: u16,
    /// How long it took from its start to its first answer.
    pub(crate) first_answer: Duration,
}

/// Writes and flushes of the store so far.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    /// Intentions that were committed.
    pub(crate) writes: f64,
    /// Flushes that they shared.
    pub(crate) flushes: f64,
}

impl Server {
    /// Starts one on a fresh database, with `settings` in its environment.
    pub(crate) async fn fresh(binary: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::start(binary, tempfile::tempdir_in(".")?, settings).await
    }

    /// Stops it and starts it again on the same database.
    pub(crate) async fn again(self, binary: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let data = self.stop().await?;
        Self::start(binary, data, settings).await
    }

    /// Starts one on `data`.
    pub(crate) async fn start(
        binary: &Path,
        data: TempDir,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let (port, metrics) = (free_port()?, free_port()?);
        let began = Instant::now();
        let child = Command::new(binary)
            .arg("--data-dir")
            .arg(data.path())
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .env("MINBIL_AUTH_HTTP__METRICS_LISTEN", format!("127.0.0.1:{metrics}"))
            .env("MINBIL_AUTH_LIMITS__ENABLED", "false")
            .env("MINBIL_AUTH_LOG__LEVEL", "error")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        wait_until_ready(port, began).await?;
        let first_answer = began.elapsed();
        Ok(Self { child, data, port, metrics, first_answer })
    }

    /// Stops it; its database.
    pub(crate) async fn stop(mut self) -> anyhow::Result<TempDir> {
        let pid = self.child.id().context("the server has ended by itself")?.to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().await?;
        anyhow::ensure!(told.success() && self.child.wait().await?.success(), "the server did not end well");
        Ok(self.data)
    }

    /// What the store has done.
    pub(crate) async fn counts(&self) -> anyhow::Result<Counts> {
        let text = get(self.metrics, "/metrics").await?;
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .with_context(|| format!("/metrics has no {name}"))
        };
        let (writes, flushes) = ("minbil_auth_store_writes_total", "minbil_auth_store_flushes_total");
        Ok(Counts { writes: value(writes)?, flushes: value(flushes)? })
    }

    /// Memory that it occupies now, in MiB.
    pub(crate) fn memory_mib(&self) -> anyhow::Result<f64> {
        memory_mib_of(self.child.id().context("the server has ended")?)
    }

    /// Files, sockets and the like that it has open.
    pub(crate) fn open_files(&self) -> anyhow::Result<f64> {
        let pid = self.child.id().context("the server has ended")?;
        Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count() as f64)
    }

    /// The size of the embedded database's write-ahead log, in MiB.
    pub(crate) fn log_mib(&self) -> f64 {
        let log = self.data.path().join("minbil-auth.db-wal");
        std::fs::metadata(log).map_or(0.0, |metadata| metadata.len() as f64) / f64::from(1 << 20)
    }
}

/// Memory that a process occupies now, in MiB.
pub(crate) fn memory_mib_of(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

async fn wait_until_ready(port: u16, began: Instant) -> anyhow::Result<()> {
    while began.elapsed() < START_MAX {
        if get(port, "/readyz").await.is_ok_and(|answer| answer.contains(" 200 ")) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    anyhow::bail!("the server is not ready")
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
