//! The HTTP surface: the one crate that knows requests, JSON and status codes.
//!
//! A route reads a request into domain types, calls one use case of `app`, and writes the answer. Every
//! answer that is not a success leaves as a problem document (RFC 9457), whoever made it.

mod docs_portal;
pub mod doctor;
mod document;
mod extract;
#[cfg(fuzzing)]
pub mod fuzzing;
mod layers;
mod metrics;
mod moment;
mod openapi;
mod operations;
mod options;
mod pages;
mod problem;
mod refusals;
mod request_id;
mod router;
mod routes;
mod state;
mod static_files;
mod templates;

pub use metrics::{Metrics, StoreCounts};
pub use openapi::openapi_document;
pub use options::{DocsOptions, HttpNamespace, HttpOptions, Mode};
pub use problem::ProblemCode;
pub use router::{metrics_router, router};
pub use state::{HttpState, InboxMessage, InboxView, Readiness};
