//! `backup` and `restore`

use crate::config::settings::{DatabasePlace, Settings};
use crate::data_lock::DataLock;
use crate::database::Database;
use crate::output::line;
use crate::outside::Outside;
use anyhow::Context as _;
use app::audit::AuditContext;
use app::ports::clock::Clock as _;
use app::ports::store::StoreUpkeep as _;
use crypto::{SystemClock, SystemEntropy};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store_sqlite::{SqliteOptions, SqliteStore};

/// Writes a consistent copy of the database, whether or not a server runs on it.
///
/// # Errors
/// When there is no database, the target exists, or writing fails.
pub async fn backup(settings: &Settings, target: &Path) -> anyhow::Result<()> {
    if let DatabasePlace::File(file) = &settings.database {
        anyhow::ensure!(file.exists(), "there is no database {}", file.display());
    }
    let database = Database::open(settings, &Outside::default()).await?;
    database.store().backup(target).await.with_context(|| format!("cannot write {}", target.display()))?;
    database.close().await?;
    line(&format!(
        "Written: {}. It is useless without the root key; keep a copy of that too.",
        target.display()
    ));
    Ok(())
}

/// Puts a backup back and makes it safe to use.
///
/// # Errors
/// When the backup cannot be read, or a file cannot be moved. The old database stays where it was until the
/// new one is ready.
pub async fn restore(settings: &Settings, backup: &Path) -> anyhow::Result<()> {
    let DatabasePlace::File(file) = &settings.database else {
        anyhow::bail!(
            "put it into an empty database with psql --single-transaction --set ON_ERROR_STOP=1 --file {}; that also \
             ends all sessions and voids all mailed links",
            backup.display()
        )
    };
    anyhow::ensure!(backup.is_file(), "there is no backup {}", backup.display());
    let _lock = DataLock::take(file)?;
    let staged = beside(file, "restoring");
    for leftover in with_journals(&staged) {
        remove_if_there(&leftover)?;
    }
    std::fs::copy(backup, &staged).with_context(|| format!("cannot copy {}", backup.display()))?;
    let store = open(&staged)?;
    store.void_after_restore(AuditContext::operator()).await?;
    store.close().await?;
    let stamp = SystemClock.now().as_secs();
    let kept = beside(file, &format!("before-restore-{stamp}"));
    for (from, to) in with_journals(file).into_iter().zip(with_journals(&kept)) {
        if from.exists() {
            std::fs::rename(&from, &to).with_context(|| format!("cannot move {}", from.display()))?;
        }
    }
    for (from, to) in with_journals(&staged).into_iter().zip(with_journals(file)) {
        if from.exists() {
            std::fs::rename(&from, &to).with_context(|| format!("cannot move {}", from.display()))?;
        }
    }
    line("The backup is back. All sessions have ended and all mailed links are void.");
    line(
        "API keys are those of the backup, also what was revoked or rotated since: see `minbil-auth api-key list`.",
    );
    if kept.exists() {
        line(&format!("The database that was there is now {}.", kept.display()));
    }
    Ok(())
}

fn open(file: &Path) -> anyhow::Result<SqliteStore> {
    SqliteStore::open(file, SqliteOptions::default(), Arc::new(SystemClock), Arc::new(SystemEntropy))
        .with_context(|| format!("cannot open the database {}", file.display()))
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    file.with_file_name(name)
}

/// A database file and the files SQLite keeps beside it.
fn with_journals(file: &Path) -> [PathBuf; 3] {
    let plus = |suffix: &str| {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    };
    [file.to_owned(), plus("-wal"), plus("-shm")]
}

fn remove_if_there(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
