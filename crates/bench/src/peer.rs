//! The same load on another server that people use: better-auth, as its documentation sets it up, on the same database
//! server, with its own hash and with ours.
//!
//! It has no refresh tokens. What its clients do in their place is to read the session, which writes nothing; ours rotate a
//! token and wait for the flush.

use crate::load;
use crate::postgres::{psql, root_settings, with_schema};
use crate::report::{Figure, Target};
use crate::served::{Server, free_port, memory_mib_of};
use crate::sign_in::ceiling;
use crate::work::Work;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// How many clients sign in.
const CLIENTS: usize = 16;
/// How many sign-ins are always in flight in a flood.
const FLOOD: usize = 64;
/// How many clients refresh, or read.
const CHAINS: usize = 8;
/// How long the peer may take to answer.
const START_MAX: Duration = Duration::from_secs(30);

/// Nothing is aimed at: these are for comparing.
pub(crate) const TARGETS: [Target; 0] = [];

const PACKAGE: &str = include_str!("../peer/package.json");
const LOCK: &str = include_str!("../peer/package-lock.json");
const SERVER: &str = include_str!("../peer/server.mjs");

/// What one server showed.
struct Shown {
    sign_in: f64,
    calm: u64,
    beside: u64,
    refresh: f64,
    memory: f64,
    start: Duration,
}

/// Measures one round.
pub(crate) async fn round(binary: &Path, span: Duration) -> anyhow::Result<Vec<Figure>> {
    let folder = install(binary).await?;
    let hashes = ceiling(span)?;
    let ours = ours(binary, span).await?;
    let own = peer(&folder, false, span).await?;
    let equal = peer(&folder, true, span).await?;
    let milliseconds = |micros: u64| micros as f64 / 1000.0;
    Ok(vec![
        Figure::new("hashes/s, ceiling with a reused block", hashes),
        Figure::new("sign-in/s, ours", ours.sign_in),
        Figure::new("sign-in/s, better-auth with its own hash", own.sign_in),
        Figure::new("sign-in/s, better-auth with our hash", equal.sign_in),
        Figure::new("ratio: sign-in, ours / hash ceiling", ours.sign_in / hashes),
        Figure::new("ratio: sign-in, better-auth with our hash / hash ceiling", equal.sign_in / hashes),
        Figure::new("refresh/s, ours, rotated and flushed", ours.refresh),
        Figure::new("session reads/s, better-auth, nothing written", own.refresh),
        Figure::new("ratio: refresh, ours / session reads, better-auth", ours.refresh / own.refresh),
        Figure::new("p99 of these with nothing beside them, ms, ours", milliseconds(ours.calm)),
        Figure::new("p99 of these with nothing beside them, ms, better-auth", milliseconds(own.calm)),
        Figure::new("p99 of these beside 64 sign-ins, ms, ours", milliseconds(ours.beside)),
        Figure::new("p99 of these beside 64 sign-ins, ms, better-auth", milliseconds(own.beside)),
        Figure::new("MiB of memory after the flood, ours", ours.memory),
        Figure::new("MiB of memory after the flood, better-auth", own.memory),
        Figure::new("ms from start to first answer, ours", ours.start.as_secs_f64() * 1000.0),
        Figure::new("ms from start to first answer, better-auth", own.start.as_secs_f64() * 1000.0),
    ])
}

async fn ours(binary: &Path, span: Duration) -> anyhow::Result<Shown> {
    let url = with_schema("bench").await?;
    let server = Server::fresh(binary, &root_settings(&url)).await?;
    let works = (Work::SignIn, Work::Refresh);
    let start = server.first_answer;
    drive(server.port, works, span, start, || server.memory_mib()).await
}

async fn peer(folder: &Path, equal_cost: bool, span: Duration) -> anyhow::Result<Shown> {
    let url = with_schema("peer").await?;
    let port = free_port()?;
    let began = Instant::now();
    let child = Command::new("node")
        .arg("server.mjs")
        .current_dir(folder)
        .env("PORT", port.to_string())
        .env("DATABASE_URL", &url)
        .env("NODE_ENV", "production")
        .env("EQUAL_COST", if equal_cost { "yes" } else { "no" })
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start node; it is needed for the peer")?;
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        anyhow::ensure!(began.elapsed() < START_MAX, "the peer does not answer");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let works = (Work::PeerSignIn, Work::PeerRead);
    let shown = drive(port, works, span, began.elapsed(), || memory_of(&child)).await;
    psql("DROP SCHEMA peer CASCADE").await?;
    shown
}

fn memory_of(child: &Child) -> anyhow::Result<f64> {
    memory_mib_of(child.id().context("the peer has ended")?)
}

async fn drive(
    port: u16,
    (sign_in, refresh): (Work, Work),
    span: Duration,
    start: Duration,
    memory: impl Fn() -> anyhow::Result<f64>,
) -> anyhow::Result<Shown> {
    let calm = load::drive(refresh, port, CHAINS, span).await?;
    let alone = load::drive(sign_in, port, CLIENTS, span).await?;
    let (_, beside) =
        tokio::try_join!(load::drive(sign_in, port, FLOOD, span), load::drive(refresh, port, CHAINS, span))?;
    Ok(Shown {
        sign_in: alone.per_second,
        calm: calm.p99_us,
        beside: beside.p99_us,
        refresh: calm.per_second,
        memory: memory()?,
        start,
    })
}

/// Installs what the peer needs, once, beside the binary.
async fn install(binary: &Path) -> anyhow::Result<PathBuf> {
    let folder = binary.parent().context("the binary is in no folder")?.join("bench-peer");
    std::fs::create_dir_all(&folder)?;
    for (name, content) in [("package.json", PACKAGE), ("package-lock.json", LOCK), ("server.mjs", SERVER)] {
        std::fs::write(folder.join(name), content)?;
    }
    let installed = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"])
        .current_dir(&folder)
        .status()
        .await
        .context("cannot start npm; it is needed for the peer")?;
    anyhow::ensure!(installed.success(), "npm could not install the peer");
    Ok(folder)
}
