//! The shared store: PostgreSQL, for as many nodes as it takes.
//!
//! What a write method answered is committed and flushed. The rules live in `domain`; this crate carries them
//! out in SQL.
//!
//! Transactions run at READ COMMITTED and take row locks in one order: the user, then sessions, then the outbox, then
//! resets, and the record of what happens once at the very end. Who changes several rows of a user locks the user first, so two of them never hold what the other one
//! waits for; who changes one row alone locks nothing else. A group of refreshes locks sessions in the order of their ids
//! and waits for none of them long (`rotation.rs`). What is decided is decided on rows that are locked or in
//! the condition of the statement that changes them. Nothing depends on sequences, triggers, advisory locks or a
//! statement that writes one table twice, so that databases that only speak PostgreSQL's protocol can serve.

mod accounts;
mod address;
mod api_keys;
mod audit;
mod clock;
mod credentials;
mod dump;
mod events;
mod examine;
mod failure;
mod ids;
mod keys;
mod limiter;
mod link;
mod once;
mod open;
mod options;
mod orders;
mod outage;
mod outbox;
mod reader;
mod refusal;
mod relocation;
mod reset_rows;
mod resets;
mod rotation;
mod rows;
mod schema;
mod session_rows;
mod sessions;
mod statements;
mod upkeep;
mod verifications;
mod writer;

pub use address::{DatabaseAddress, InvalidAddress, redacted};
pub use clock::StoreClock;
pub use examine::{Examination, examine};
pub use open::PostgresStore;
pub use options::PostgresOptions;
pub use refusal::OpenError;
