//! The embedded store: the contract every store passes, and what is particular to this one.

mod contract;
mod database;
