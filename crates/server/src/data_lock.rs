//! One server at a time on one embedded database.
//!
//! Two writers would only queue behind each other, but a restore under a running server would pull the
//! database from under it. The lock goes with the process, however it ends.

use anyhow::Context as _;
use std::fs::{File, TryLockError};
use std::path::Path;

/// Held while this process owns the database.
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock beside `database`.
    ///
    /// # Errors
    /// When another process has it.
    pub fn take(database: &Path) -> anyhow::Result<Self> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = Path::new(&path);
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                anyhow::bail!("a server is running on {}; stop it first", database.display())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}
