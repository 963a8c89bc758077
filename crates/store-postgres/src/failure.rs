//! What can go wrong, and what of it may pass by itself.
//!
//! The text of a failure goes to the log. It names the SQLSTATE and the server's one-line message, never its
//! DETAIL, which repeats values of rows, and never the database address, which holds a password.

use app::fault::Fault;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use tokio_postgres::error::SqlState;

/// Why a statement or a transaction did not come to an end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No connection could be made.
    Connect(String),
    /// Every connection is busy, for longer than a request may wait.
    Busy,
    /// The database did not answer in time.
    TimedOut,
    /// The database did not answer a moment ago, and nobody has asked it again yet.
    Resting,
    /// The server refused a statement, or the connection broke under it.
    Statement(tokio_postgres::Error),
    /// Somebody else was faster; the whole transaction is worth another try.
    Overtaken,
    /// The same for everybody whose write was in the same transaction.
    Together(Arc<Self>),
    /// A column holds something that is not one of ours.
    Unreadable(String),
    /// A file of a backup cannot be written.
    File(std::io::Error),
    /// Something that cannot be.
    Impossible(&'static str),
}

impl Failure {
    /// A failure to connect, in words.
    pub(crate) fn connect(error: &tokio_postgres::Error) -> Self {
        Self::Connect(words(error))
    }

    /// The server's code, if the server spoke.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Statement(error) => error.code(),
            Self::Together(failure) => failure.code(),
            _ => None,
        }
    }

    /// Whether the transaction lost against another one and nothing of it happened (40001, 40P01).
    pub(crate) fn is_lost_race(&self) -> bool {
        matches!(self, Self::Overtaken)
            || matches!(
                self.code(),
                Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
            )
    }

    /// Whether a prepared statement went stale: its plan after a change of the schema (0A000), or all of it
    /// because a pooler or an operator took the session's statements away (26000).
    pub(crate) fn is_stale_statement(&self) -> bool {
        matches!(self.code(), Some(&SqlState::FEATURE_NOT_SUPPORTED | &SqlState::INVALID_SQL_STATEMENT_NAME))
    }

    /// Whether the connection is of no further use: it broke, or its server is on the way out or has become a
    /// standby.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::TimedOut => true,
            Self::Together(failure) => failure.ends_connection(),
            Self::Statement(error) => error.code().map_or_else(
                || is_broken(error),
                |code| {
                    code.code().starts_with("08")
                        || code.code().starts_with("57P")
                        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
                },
            ),
            _ => false,
        }
    }

    /// Whether waiting may mend it.
    fn may_pass(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Busy | Self::TimedOut | Self::Resting | Self::Overtaken => true,
            Self::Unreadable(_) | Self::File(_) | Self::Impossible(_) => false,
            Self::Statement(error) => error.code().map_or_else(|| is_broken(error), may_pass),
            Self::Together(failure) => failure.may_pass(),
        }
    }
}

/// Whether the connection broke, as opposed to a value that could not be converted.
fn is_broken(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// Codes of a server that is busy, full, read-only, on its way out, or in a conflict that will be over. What is
/// left is a statement that is wrong.
fn may_pass(code: &SqlState) -> bool {
    const CLASSES: [&str; 6] = ["08", "40", "53", "57", "58", "28"];
    CLASSES.iter().any(|class| code.code().starts_with(class))
        || [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::LOCK_NOT_AVAILABLE].contains(code)
}

/// An error of the driver in one line, without the values of rows.
pub(crate) fn words(error: &tokio_postgres::Error) -> String {
    if let Some(server) = error.as_db_error() {
        return format!("{} {}", server.code().code(), server.message());
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(reason) => write!(f, "cannot connect to the database: {reason}"),
            Self::Busy => f.write_str("every connection to the database is busy"),
            Self::TimedOut => f.write_str("the database did not answer in time"),
            Self::Resting => f.write_str("the database did not answer a moment ago"),
            Self::Statement(error) => f.write_str(&words(error)),
            Self::Overtaken => f.write_str("another transaction was faster, again and again"),
            Self::Together(failure) => failure.fmt(f),
            Self::Unreadable(column) => write!(f, "{column} is not one of ours"),
            Self::File(error) => error.fmt(f),
            Self::Impossible(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Failure {}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Statement(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        // Only the words go on: the driver's own error could print a DETAIL.
        let words = failure.to_string();
        if failure.may_pass() { Self::unavailable(words) } else { Self::internal(words) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::fault::FaultKind;

    #[test]
    fn what_waiting_mends_is_unavailable_and_everything_else_is_a_bug() {
        for (code, passes) in [
            ("08006", true),
            ("25006", true),
            ("28P01", true),
            ("40001", true),
            ("40P01", true),
            ("53100", true),
            ("53300", true),
            ("55P03", true),
            ("57014", true),
            ("57P01", true),
            ("58030", true),
            ("22P02", false),
            ("23505", false),
            ("42601", false),
            ("42P01", false),
            ("XX000", false),
        ] {
            assert_eq!(may_pass(&SqlState::from_code(code)), passes, "{code}");
        }
        assert_eq!(Fault::from(Failure::Resting).kind(), FaultKind::Unavailable);
        assert_eq!(Fault::from(Failure::Unreadable("status".to_owned())).kind(), FaultKind::Internal);
    }
}
