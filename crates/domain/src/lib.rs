//! Pure types and rules of the authentication server.
//!
//! Everything here is a value or a function of values: no async, no input or output, no serialisation
//! format but the token formats themselves, no clock and no randomness. A rule that decides whether a
//! person stays signed in lives here, where a property test and an exhaustive model can reach it.

pub mod access_token;
pub mod account;
pub mod api_key;
pub mod client_address;
pub mod credential;
pub mod device_name;
pub mod device_token;
pub mod doctor_probe;
pub mod email_address;
pub mod event;
mod host_name;
pub mod idempotency;
pub mod ids;
pub mod locale;
pub mod namespace;
pub mod password;
pub mod password_context;
pub mod redirect;
pub mod refresh_token;
pub mod reset_token;
pub mod secret;
pub mod session;
pub mod slot;
pub mod throttle;
pub mod time;
mod token_text;
pub mod verification_token;
