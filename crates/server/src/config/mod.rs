//! Configuration: one TOML file, every key overridable as `MINBIL_AUTH_<SECTION>__<KEY>`.
//!
//! [`Config`] is what may be written; [`settings::Settings`] is what it means, checked as a whole before a
//! port opens. Unknown keys are errors, and every error names the key, the value and what would be right.

mod list;
mod schema;
pub mod settings;
mod source;
mod validate;

pub use schema::Config;
pub use source::{ConfigError, DEFAULT_CONFIG, Overrides, load};
