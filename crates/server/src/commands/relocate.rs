//! `migrate sqlite-to-postgres`

use crate::cli::Migrate;
use crate::config::settings::{DatabasePlace, Settings};
use crate::data_lock::DataLock;
use crate::database::postgres_options;
use crate::output::line;
use crate::wire::root_keys;
use anyhow::Context as _;
use app::relocate::{Progress, relocate};
use crypto::{SystemClock, SystemEntropy};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store_postgres::{DatabaseAddress, PostgresStore};
use store_sqlite::{SqliteOptions, SqliteStore};

/// How often a long table says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(2);

/// Moves, or rehearses it.
///
/// # Errors
/// When a side cannot be used, or what arrived is not what left.
pub async fn run(settings: &Settings, command: &Migrate) -> anyhow::Result<()> {
    let Migrate::SqliteToPostgres { from, dry_run } = command;
    let DatabasePlace::Postgres(address) = &settings.database else {
        anyhow::bail!("database.url names where to: postgres://user:password@host/name")
    };
    let from = from.clone().unwrap_or_else(|| settings.data_dir.join("minbil-auth.db"));
    anyhow::ensure!(from.is_file(), "there is no database {}; --from names another", from.display());
    // A server that goes on would write what never moves. A rehearsal may lag behind.
    let _lock = if *dry_run { None } else { Some(DataLock::take(&from)?) };
    let source =
        SqliteStore::open(&from, SqliteOptions::default(), Arc::new(SystemClock), Arc::new(SystemEntropy))
            .with_context(|| format!("cannot open the database {}", from.display()))?;
    // With another root key than this no token would work over there.
    app::prepare::check_root_keys(&source, &root_keys(settings)?.fingerprints()).await?;
    let outcome = if *dry_run {
        rehearse(settings, &source, address).await
    } else {
        go(settings, &source, address).await
    };
    source.close().await?;
    outcome?;
    say_how_it_ended(*dry_run, &from);
    Ok(())
}

async fn go(settings: &Settings, source: &SqliteStore, address: &DatabaseAddress) -> anyhow::Result<()> {
    let options = postgres_options(&settings.written);
    let target = PostgresStore::open_to_move_in(address, options, Arc::new(SystemEntropy)).await;
    let target = target.with_context(|| format!("cannot use the database {}", address.places()))?;
    relocate(source, &target, crypto::sha256, &Lines::default()).await?;
    target.close();
    Ok(())
}

/// The whole move into a schema that nobody looks at, and that is gone afterwards whatever it came to.
async fn rehearse(
    settings: &Settings,
    source: &SqliteStore,
    address: &DatabaseAddress,
) -> anyhow::Result<()> {
    let options = postgres_options(&settings.written);
    let schema = format!("minbil_auth_rehearsal_{}", std::process::id());
    let place = || format!("cannot rehearse in the database {}", address.places());
    PostgresStore::add_schema(address, &options, &schema).await.with_context(place)?;
    let moved = go(settings, source, &address.in_schema(&schema)).await;
    PostgresStore::drop_schema(address, &options, &schema).await.with_context(place)?;
    moved
}

fn say_how_it_ended(is_rehearsal: bool, from: &Path) {
    if is_rehearsal {
        line("Rehearsed: everything arrived and was the same. Nothing of it was kept.");
        return;
    }
    line("Everything arrived and is the same. Servers may start on the new database.");
    line(&format!("{} is as it was; keep it until you are sure, and start no server on it.", from.display()));
}

/// Says how far it is, a line at a time.
#[derive(Default)]
struct Lines(Mutex<Option<Instant>>);

impl Progress for Lines {
    fn moved(&self, table: &'static str, rows: u64, of: u64) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|at| at.elapsed() >= SAY_EVERY) {
            *said = Some(Instant::now());
            line(&format!("  {table:<12} {rows} of {of}"));
        }
    }

    fn arrived(&self, table: &'static str, rows: u64, there_before: u64) {
        let before =
            if there_before > 0 { format!(", {there_before} of them before") } else { String::new() };
        line(&format!("  {table:<12} {rows} arrived{before}"));
    }
}
