//! What tests share: fakes of ports, builders, and the contract suite that every store has to pass.
//!
//! It never names an adapter: what it holds is what an adapter has to satisfy.
#![expect(clippy::unwrap_used, clippy::panic, reason = "everything here is a test or what a test is made of")]

pub mod builders;
mod fake_clock;
mod json_schema;
mod mail;
pub mod sabotage;
mod seeded_entropy;
mod signals;
pub mod store_contract;
pub mod watched_store;

pub use fake_clock::{FAKE_START, FakeClock};
pub use json_schema::{resolve, schema_faults};
pub use mail::{CollectedMail, PlainWriter};
pub use seeded_entropy::SeededEntropy;
pub use signals::CountedSignals;
