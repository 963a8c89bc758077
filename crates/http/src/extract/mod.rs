//! From a request to what a use case takes.

pub(crate) mod api_key;
pub(crate) mod authorization;
pub(crate) mod call;
pub(crate) mod cookie;
pub(crate) mod fields;
pub(crate) mod idempotency_key;
pub(crate) mod json_body;
pub(crate) mod page_origin;
