//! Which failures of the database may pass by themselves.

use app::fault::Fault;
use rusqlite::ErrorCode;

/// A failed statement as a fault: busy, full, read-only or broken disks are worth a retry by the client,
/// everything else is a bug.
pub(crate) fn fault(error: rusqlite::Error) -> Fault {
    let code = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => Some(failure.code),
        _ => None,
    };
    match code {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted,
        ) => Fault::unavailable(error),
        _ => Fault::internal(error),
    }
}
