//! The embedded store: the contract every store passes, and what is particular to this one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod contract;
mod database;
