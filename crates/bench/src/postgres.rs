//! Refresh on PostgreSQL, in turn: one node, two nodes, and the ceiling: `pgbench` running the same one-row update with
//! as many clients on the same server. pgbench has neither HTTP nor signatures to do, and the nodes and the load
//! generator share their cores with the database: on a small machine the ratio says as much about cores as about us.
//!
//! Whether nodes hold each other up shows only while the database and the cores have room. Here they have it because each
//! node is held to one connection and one refresh a flush, for the comparison of two with one.

use crate::load;
use crate::report::{Figure, Target};
use crate::served::Server;
use crate::work::Work;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

/// Names the server; `cargo xtask bench postgres` starts one.
const URL: &str = "MINBIL_AUTH_TEST_POSTGRES_URL";
/// How many clients refresh at once, and how many connections pgbench and all nodes together have.
const CLIENTS: usize = 16;
/// Rows of the ceiling's table: more than clients, so that they do not wait for each other's rows.
const ROWS: usize = 10_000;

pub(crate) const ONE: &str = "refresh/s, one node, 16 clients";
pub(crate) const CEILING: &str = "updates/s, pgbench, 16 clients";
pub(crate) const SHARE: &str = "ratio: refresh / pgbench";
pub(crate) const HELD_ONE: &str = "refresh/s, one node held to one connection";
pub(crate) const HELD_TWO: &str = "refresh/s, two nodes held to one connection each";
pub(crate) const SCALE: &str = "ratio: two nodes / one node, each held to one connection";

/// What we aim for.
pub(crate) const TARGETS: [Target; 2] = [Target::at_least(SHARE, 0.80), Target::at_least(SCALE, 1.70)];

/// The statement of `store-postgres/src/rotation.rs` on a table of the same shape, with a row for each number.
const SCRIPT: &str = "\\set n random(1, 10000)
UPDATE ceiling AS s
   SET body_generation = body_generation + 1, body_previous_rotated_at = body_rotated_at,
       body_rotated_at = clock.now, last_proof_at = clock.now,
       idle_deadline = least(least(clock.now, 9223372036854775807 - 2592000000) + 2592000000, absolute_deadline)
  FROM (SELECT floor(extract(epoch FROM statement_timestamp()) * 1000)::int8 AS now) AS clock
 WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:n::int8), 12, '0'))::uuid AND namespace = 'co'
   AND salt = '\\x00000000000000000000000000000000' AND body_generation >= 0
   AND revoked_at IS NULL AND idle_deadline > clock.now AND absolute_deadline > clock.now
 RETURNING s.*, clock.now;
";

/// Measures one round.
pub(crate) async fn round(binary: &Path, span: Duration) -> anyhow::Result<Vec<Figure>> {
    let url = with_schema("bench").await?;
    let one = nodes(binary, &url, 1, &[], span).await?;
    let two = nodes(binary, &url, 2, &[], span).await?;
    let held_one = nodes(binary, &url, 1, &HELD, span).await?;
    let held_two = nodes(binary, &url, 2, &HELD, span).await?;
    let ceiling = ceiling(&url, span).await?;
    psql("DROP SCHEMA bench CASCADE").await?;
    Ok(vec![
        Figure::new(ONE, one.per_second),
        Figure::new("refresh/s, two nodes, 16 clients", two.per_second),
        Figure::new(CEILING, ceiling),
        Figure::new("refresh p50, us", one.p50_us),
        Figure::new("refresh p99, us", one.p99_us),
        Figure::new(SHARE, one.per_second / ceiling),
        Figure::new(HELD_ONE, held_one.per_second),
        Figure::new(HELD_TWO, held_two.per_second),
        Figure::new(SCALE, held_two.per_second / held_one.per_second),
    ])
}

/// A schema of that name with nothing in it; the address that leads into it.
pub(crate) async fn with_schema(name: &str) -> anyhow::Result<String> {
    psql(&format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")).await?;
    let server = server()?;
    let glue = if server.contains('?') { '&' } else { '?' };
    Ok(format!("{server}{glue}options=-c%20search_path%3D{name}"))
}

fn server() -> anyhow::Result<String> {
    std::env::var(URL).with_context(|| format!("{URL} names the server"))
}

/// What a server on `url` is told.
pub(crate) fn root_settings(url: &str) -> [(&str, &str); 3] {
    [
        ("MINBIL_AUTH_DATABASE__URL", url),
        // A root key that protects nothing: the same for all nodes.
        ("MINBIL_AUTH_ROOT_KEY", "bm90IGEgc2VjcmV0OiBvbmx5IGZvciB0aGUgdGVzdHM"),
        ("MINBIL_AUTH_BASE_URL", "http://localhost:5000"),
    ]
}

struct Refreshed {
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
}

/// What a node is held to, so that there is room for another.
const HELD: [(&str, &str); 2] =
    [("MINBIL_AUTH_DATABASE__CONNECTIONS", "1"), ("MINBIL_AUTH_DATABASE__GROUP_MAX", "1")];

/// Refreshes on so many nodes, with the clients and the connections spread over them.
async fn nodes(
    binary: &Path,
    url: &str,
    count: usize,
    held: &[(&str, &str)],
    span: Duration,
) -> anyhow::Result<Refreshed> {
    let connections = (CLIENTS / count).to_string();
    let mut settings = root_settings(url).to_vec();
    settings.push(("MINBIL_AUTH_DATABASE__CONNECTIONS", &connections));
    settings.extend_from_slice(held);
    let mut servers = Vec::new();
    for _ in 0..count {
        servers.push(Server::fresh(binary, &settings).await?);
    }
    let drives = servers
        .iter()
        .map(|server| tokio::spawn(load::drive(Work::Refresh, server.port, CLIENTS / count, span)));
    let drives: Vec<_> = drives.collect();
    let mut all = Refreshed { per_second: 0.0, p50_us: 0.0, p99_us: 0.0 };
    for drive in drives {
        let driven = drive.await??;
        all.per_second += driven.per_second;
        all.p50_us = all.p50_us.max(driven.p50_us as f64);
        all.p99_us = all.p99_us.max(driven.p99_us as f64);
    }
    Ok(all)
}

async fn ceiling(url: &str, span: Duration) -> anyhow::Result<f64> {
    let fill = format!(
        "DROP TABLE IF EXISTS ceiling; CREATE TABLE ceiling (LIKE sessions INCLUDING ALL);
         INSERT INTO ceiling
         SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'co', '00000000-0000-7000-8000-000000000000',
                '\\x00000000000000000000000000000000', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                4000000000000, 8000000000000, NULL, NULL, 'bench/1', '127.0.0.1'
           FROM generate_series(1, {ROWS}) AS n;
         VACUUM ANALYZE ceiling"
    );
    for statement in fill.split(';') {
        psql_at(url, statement).await?;
    }
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("rotate.sql");
    std::fs::write(&script, SCRIPT)?;
    let output = Command::new(program("pgbench")?)
        .args(["--no-vacuum", "--protocol", "prepared", "--jobs", "2", "--client", &CLIENTS.to_string()])
        .args(["--time", &span.as_secs().max(1).to_string(), "--file"])
        .arg(&script)
        .arg(url)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.with_context(|| format!("pgbench gave no figure: {said}"))
}

/// Runs one statement on the server.
pub(crate) async fn psql(sql: &str) -> anyhow::Result<()> {
    psql_at(&server()?, sql).await
}

async fn psql_at(url: &str, sql: &str) -> anyhow::Result<()> {
    let asked = Command::new(program("psql")?)
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql, url])
        .output()
        .await?;
    anyhow::ensure!(asked.status.success(), "psql: {}", String::from_utf8_lossy(&asked.stderr));
    Ok(())
}

/// On the PATH, or where Debian keeps the programs of PostgreSQL.
fn program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    std::env::split_paths(&path)
        .chain(versions.map(|version| version.path().join("bin")))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| format!("there is no `{name}`; on Debian: apt-get install postgresql"))
}
