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

#[cfg(test)]
mod tests {
    use super::*;
    use app::fault::FaultKind;
    use rusqlite::Error;
    use rusqlite::ffi;

    fn kind(code: i32) -> FaultKind {
        fault(Error::SqliteFailure(ffi::Error::new(code), None)).kind()
    }

    #[test]
    fn what_may_pass_by_itself_is_unavailable_and_what_is_a_bug_is_not() {
        let passing = [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_INTERRUPT,
            ffi::SQLITE_PROTOCOL,
        ];
        for code in passing {
            assert_eq!(kind(code), FaultKind::Unavailable, "{code}");
        }
        for code in
            [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_ERROR]
        {
            assert_eq!(kind(code), FaultKind::Internal, "{code}");
        }
        assert_eq!(fault(Error::QueryReturnedNoRows).kind(), FaultKind::Internal);
    }
}
