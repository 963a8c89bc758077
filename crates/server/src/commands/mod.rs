//! One file per command. A command calls the same use cases and ports as a route.

pub mod api_key;
pub mod audit;
pub mod backup;
pub mod config;
pub mod doctor;
pub mod key;
pub mod outbox;
pub mod passwords;
pub mod ready;
pub mod relocate;
pub mod serve;
pub mod session;
pub mod user;
