//! The definition of the store ports, as cases that every store passes.
//!
//! An adapter implements [`Subject`] and calls [`store_contract!`](crate::store_contract!) once in its test
//! binary; each case then shows as a test of its own under the name of its port. A case gets a fresh, empty
//! store and never another case's. What is particular to an adapter (its files, its pool, reopening) is
//! tested beside the call.

mod cases;
mod subject;
mod world;

#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod account_status;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod accounts;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod api_keys;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod audit_chain;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod concurrency;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod keys;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod once;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod outbox;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod purge;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod refresh_bearer;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod refresh_full;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod refresh_model;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod resets;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod sessions;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod signed_in_again;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod upkeep;
#[expect(missing_docs, reason = "the name of a case is the sentence that documents it")]
pub mod verifications;

pub use subject::Subject;
pub use world::World;
