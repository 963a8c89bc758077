//! Several servers on one PostgreSQL.
//!
//! Ignored in an ordinary `cargo test`, because they need PostgreSQL's programs and take a while; `cargo xtask test`
//! runs them as its step `postgres`, `cargo xtask prove` with many failovers. A server that
//! `MINBIL_AUTH_TEST_POSTGRES_URL` names has to be there; what is killed here is a cluster of the test's own.

#![expect(clippy::print_stdout, reason = "what a long test saw goes into docs/proof.md")]

mod client;
mod cluster;
mod failover;
mod full_disk;
mod ledger;
mod moving;
mod netns;
mod partition;
mod post_office;
mod rolling;
mod schema;
mod secrets;
mod skew;
mod spread;
mod start;
