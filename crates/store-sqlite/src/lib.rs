//! The embedded store: SQLite, with one writer thread that commits for many clients at once.
//!
//! What a write method answered is on disk. Reads see everything that was answered. The rules live in
//! `domain`; this crate carries them out in SQL.

mod accounts;
mod api_keys;
mod audit;
mod credential_change;
mod events;
mod examine;
mod failure;
mod ids;
mod keys;
mod once;
mod open;
mod outbox;
#[cfg(test)]
mod query_plans;
mod reader;
mod relocation;
mod resets;
mod rows;
mod sessions;
mod tables;
mod upkeep;
mod verifications;
mod writer;

pub use examine::{Examination, examine};
pub use open::{OpenError, SqliteOptions, SqliteStore};
pub use writer::WriterStats;
