//! The whole server, driven from outside. One test binary, so that it links once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    unreachable_pub,
    reason = "a test says what went wrong by failing, a long one says how far it is, and nothing is public outside of it"
)]

// The built binary, from outside.
mod audit_process;
mod backup;
mod cli;
mod cli_api_keys;
mod config;
mod connections;
mod crash;
mod doctor;
mod footprint;
mod nodes;
mod process;
mod shutdown;
mod tls;

// The server in this process, one file for each use case.
mod api_keys;
mod asvs;
mod audit_log;
mod bad_input;
mod by_construction;
mod change_password;
mod cookies;
mod cors;
mod csrf;
mod development_mode;
mod documented_problems;
mod faults;
mod forgot_password;
mod harness;
mod headers;
mod health;
mod hostile;
mod idempotency;
mod jwks;
mod jwt;
mod limits;
mod me;
mod metrics;
mod namespaces;
mod notices;
mod pages;
mod passwords;
mod problems;
mod refresh;
mod reset_password;
mod secrets;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod traces;
mod verify_email;
