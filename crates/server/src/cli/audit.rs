//! The commands about the audit log.

use clap::{Args, Subcommand};

/// `audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Compare every sealed event with its seal, and name the first that was edited, removed, reordered or inserted
    ///
    /// Needs the root key. Ends with 1 when something is wrong. Whoever has the database alone cannot change a sealed event
    /// unseen, but can put an older copy of the whole log in its place: a head that was noted elsewhere (the server logs one
    /// every ten minutes) tells that too.
    Verify {
        /// A head that was noted elsewhere: the chain must contain it
        #[arg(long, value_name = "NUMBER:SEAL")]
        head: Option<String>,
    },
    /// Begin a new chain over the events that are there, once you know what was done to the old one
    ///
    /// Keep a copy of the database first. Heads of the old chain fit no more. A chain that is whole is left alone.
    Restart {
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
    /// Print events as JSON, one object a line, oldest first
    Export(AuditFilter),
}

/// Which events.
#[derive(Debug, Args)]
pub struct AuditFilter {
    /// From this day or moment on (RFC 3339)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Before this day or moment
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Of this user
    #[arg(long, value_name = "ID")]
    pub user: Option<uuid::Uuid>,
    /// Of this kind, such as sign_in_refused
    #[arg(long)]
    pub kind: Option<String>,
}
