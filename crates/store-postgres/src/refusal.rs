//! Why a database cannot be used, said before the first request.

use crate::failure::{Failure, words};
use tokio_postgres::error::SqlState;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody answers, or who answers does not let us in.
    #[error("{0}")]
    Connect(String),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// The server is a standby, or was told to change nothing.
    #[error("the database is read-only; one of the hosts must be a primary that takes writes ({0})")]
    ReadOnly(String),
    /// Nothing can be written any more.
    #[error("the database has no room left ({0})")]
    Full(String),
    /// A commit would be answered before it is on disk.
    #[error(
        "synchronous_commit is {0}, so a crash could take back what was answered; say \
         ALTER ROLE … SET synchronous_commit = on for the role that the server uses"
    )]
    NotDurable(String),
    /// The server is too old.
    #[error("the server is PostgreSQL {0}; 12 or newer is needed")]
    Old(i64),
    /// The schema cannot be brought to this version.
    #[error("its schema cannot be brought to this version: {0}")]
    Migration(String),
    /// The schema is of a later version that does not work with this program any more.
    #[error(
        "its schema (version {found}) is newer than this program (version {known}) and no longer works with it; use the newer program"
    )]
    Newer {
        /// The database's.
        found: i32,
        /// Ours.
        known: i32,
    },
    /// Another database is moving in.
    #[error(
        "another database is moving in and has not arrived; run `minbil-auth migrate sqlite-to-postgres` again until it has"
    )]
    Closed,
    /// Anything else.
    #[error("{0}")]
    Unusable(String),
}

impl OpenError {
    /// A migration that failed.
    pub(crate) fn from_migration(error: &tokio_postgres::Error) -> Self {
        let words = words(error);
        match error.code() {
            Some(code) if code.code().starts_with("53") => Self::Full(words),
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Self::ReadOnly(words),
            _ => Self::Migration(words),
        }
    }
}

impl From<&Failure> for OpenError {
    fn from(failure: &Failure) -> Self {
        let words = failure.to_string();
        match failure.code() {
            Some(code) if code.code().starts_with("53") => Self::Full(words),
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Self::ReadOnly(words),
            _ => Self::Unusable(words),
        }
    }
}
