//! What tests share: fakes of ports, builders, and the contract suite that every store has to pass.
//!
//! It never names an adapter: what it holds is what an adapter has to satisfy.

mod fake_clock;
mod json_schema;

pub use fake_clock::{FAKE_START, FakeClock};
pub use json_schema::{resolve, schema_faults};
