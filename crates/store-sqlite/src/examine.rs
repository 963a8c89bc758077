//! A look at a database that changes nothing in it, whether or not a server runs on it.

use crate::open::{KNOWN_VERSION, OpenError, applied_version};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// How many faults are told at the most.
const FAULTS_MAX: u32 = 10;
/// How long a writer may stand in the way.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The version of the schema; 0: there is none yet.
    pub version: i64,
    /// The version that this program knows.
    pub known: i64,
    /// What SQLite finds wrong with the file.
    pub faults: Vec<String>,
    /// The fingerprints of the root keys that it was used with.
    pub root_keys: Vec<(u32, [u8; 32])>,
}

/// Looks at the database in a file.
///
/// # Errors
/// When it is none, or cannot be read.
pub fn examine(path: &Path) -> Result<Examination, OpenError> {
    // Read-only: the schema of an older server that is still running stays as it is.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let faults = faults(&connection)?;
    let version = applied_version(&connection)?;
    let root_keys = if version == 0 { Vec::new() } else { root_keys(&connection)? };
    Ok(Examination { version, known: KNOWN_VERSION, faults, root_keys })
}

fn faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA quick_check({FAULTS_MAX})"))?;
    let lines: Vec<String> = check.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

fn root_keys(connection: &Connection) -> rusqlite::Result<Vec<(u32, [u8; 32])>> {
    let mut select = connection.prepare("SELECT id, fingerprint FROM root_keys ORDER BY id")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
