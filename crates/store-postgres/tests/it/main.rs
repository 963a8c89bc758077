//! The shared store on a real server: the contract every store passes, and what is particular to this one.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says where")]

mod contract;
mod database;
mod dump;
mod durability;
mod least_privilege;
mod limiter;
mod opening;
mod outages;
mod proxy;
mod races;
mod relocation;
mod rotation;
mod schema;
mod statements;
mod tls;
