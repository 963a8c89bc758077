//! Failures that no caller can do anything about, kept opaque and logged once, at the edge.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// How long a client is told to wait when a dependency does not answer.
pub const UNAVAILABLE_RETRY_AFTER: Duration = Duration::from_secs(2);

/// A failure of a dependency or of ourselves. Its text is for the log and never for a client.
#[derive(Debug)]
pub struct Fault {
    kind: FaultKind,
    source: Box<dyn Error + Send + Sync>,
}

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A dependency does not answer now: 503 with `Retry-After`.
    Unavailable,
    /// Something is wrong that waiting does not mend: 500.
    Internal,
}

impl Fault {
    /// A dependency that does not answer now.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: FaultKind::Unavailable, source: source.into() }
    }

    /// A failure that waiting does not mend.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: FaultKind::Internal, source: source.into() }
    }

    /// Whether trying again may help.
    pub const fn kind(&self) -> FaultKind {
        self.kind
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}
