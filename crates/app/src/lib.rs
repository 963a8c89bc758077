//! What the service can do: one file per use case, and the ports they need.
//!
//! A use case reads through ports, decides with the rules of `domain`, and submits **one** write together
//! with its audit and outbox rows. A route, a worker and a command-line command call the same use case. No
//! transaction lives across an `await`, and nothing here knows HTTP, SQL, SMTP or a clock of its own.

pub mod allowances;
pub mod api_key_cache;
pub mod api_keys;
pub mod audit;
pub mod audit_chain;
pub mod authenticate;
pub mod change_password;
pub mod choose_password;
pub mod credentials;
pub mod deliver_mail;
pub mod doctor_probe;
pub mod end_session;
pub mod fault;
pub mod forgot_password;
pub mod gates;
pub mod idempotency;
pub mod limits;
mod mail_subject;
pub mod operate_account;
pub mod operate_api_key;
pub mod outbox;
pub mod ports;
pub mod prepare;
pub mod refresh;
pub mod refused_calls;
pub mod relocate;
pub mod resend_verification;
pub mod reset_password;
pub mod rotate_signing_keys;
pub mod running_calls;
pub mod service;
pub mod sign_in;
mod sign_in_notice;
pub mod sign_out;
pub mod sign_up;
pub mod tokens;
pub mod verify_email;
