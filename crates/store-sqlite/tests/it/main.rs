//! The embedded store: the contract every store passes, and what is particular to this one.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says where")]

mod backup;
mod contract;
mod database;
mod durability;
mod full_disk;
mod group_commit;
mod opening;
mod stored_values;
