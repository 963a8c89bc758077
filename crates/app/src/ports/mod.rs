//! What the use cases need from the world, as traits. Adapters implement them; `server` joins them.

pub mod clock;
pub mod keys;
pub mod limiter;
pub mod mailer;
pub mod password_hasher;
pub mod rows;
pub mod store;
pub mod telemetry;
