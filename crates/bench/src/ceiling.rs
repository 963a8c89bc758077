//! What the machine allows: a bare writer that updates rows of a session's shape, one flush a batch, with the same journal
//! and flush settings as the store; and signatures alone.

use crate::echo::Echo;
use anyhow::Context as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many rows there are to update.
const ROWS: u32 = 10_000;
/// About as long as what an access token signs.
const SIGNED_LEN: usize = 500;

/// Rows a second in commits of `batch`, measured while the load generator drives an echo server.
pub(crate) async fn rows(batch: f64, clients: usize, span: Duration) -> anyhow::Result<f64> {
    let echo = Echo::start().await?;
    beside(batch, echo.drive(clients, span)).await
}

/// Commits a second of one row each, with nothing beside them.
pub(crate) async fn flushes(span: Duration) -> anyhow::Result<f64> {
    beside(1.0, async {
        tokio::time::sleep(span).await;
        Ok(())
    })
    .await
}

/// Rows a second while something else goes on.
async fn beside<T>(batch: f64, other: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<f64> {
    let data = tempfile::tempdir_in(".")?;
    let connection = prepare(&data.path().join("ceiling.db"))?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let writer = std::thread::spawn(move || write(connection, batch, &told));
    let gone_on = other.await;
    stop.store(true, Ordering::Relaxed);
    let written = writer.join().map_err(|_| anyhow::anyhow!("the ceiling's writer failed"))?;
    gone_on?;
    written
}

/// ES256 signatures a second of one thread, the key parsed once.
pub(crate) fn signatures(span: Duration) -> anyhow::Result<f64> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).context("a key")?;
    let (random, message) = (SystemRandom::new(), [7; SIGNED_LEN]);
    let (start, mut signed) = (Instant::now(), 0_u32);
    while start.elapsed() < span {
        key.sign(&random, &message).context("a signature")?;
        signed += 1;
    }
    Ok(f64::from(signed) / start.elapsed().as_secs_f64())
}

fn prepare(path: &std::path::Path) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE s (id BLOB PRIMARY KEY, ns TEXT, salt BLOB, gen INTEGER, at INTEGER, before INTEGER,
           proof INTEGER, idle INTEGER, absolute INTEGER, agent TEXT) WITHOUT ROWID, STRICT",
    )?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction
            .prepare("INSERT INTO s VALUES (?1, 'co', ?2, 0, 0, 0, 0, 1, 2, 'an agent of some length')")?;
        for row in 0..ROWS {
            insert.execute((id(row), [7_u8; 16]))?;
        }
    }
    transaction.commit()?;
    Ok(connection)
}

/// Rows a second until it is told to stop.
fn write(mut connection: Connection, batch: f64, stop: &AtomicBool) -> anyhow::Result<f64> {
    let start = Instant::now();
    let mut rows = 0_u32;
    let mut owed = 0.0;
    while !stop.load(Ordering::Relaxed) {
        owed += batch;
        let transaction = connection.transaction()?;
        {
            let mut update = transaction.prepare_cached(
                "UPDATE s SET gen = gen + 1, before = at, at = ?2, proof = ?2, idle = ?2
                 WHERE id = ?1 AND ns = 'co' AND salt = ?3 AND idle > 0 AND absolute > 0",
            )?;
            while owed >= 1.0 {
                // A step that is coprime to the count touches every row before it comes back to one.
                update.execute((id(rows.wrapping_mul(7919) % ROWS), rows, [7_u8; 16]))?;
                rows = rows.wrapping_add(1);
                owed -= 1.0;
            }
        }
        transaction.commit()?;
    }
    Ok(f64::from(rows) / start.elapsed().as_secs_f64())
}

fn id(row: u32) -> [u8; 16] {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&row.wrapping_mul(2_654_435_761).to_be_bytes());
    id[12..].copy_from_slice(&row.to_be_bytes());
    id
}
