//! What happens to every request and answer, outermost first: it gets an id and is observed; a failure becomes a
//! problem document; security headers; heads that are too large; CORS; the development mode's refusals;
//! the doctor's question; panics and deadlines.

pub(crate) mod cors;
pub(crate) mod doctor_probe;
pub(crate) mod fault_mode;
pub(crate) mod guard;
pub(crate) mod head_limit;
pub(crate) mod host_guard;
pub(crate) mod observe;
pub(crate) mod problem_document;
pub(crate) mod security_headers;
