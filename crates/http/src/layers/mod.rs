//! What happens to every request and answer, outermost first: the envelope (id and observation, the problem document of a
//! failure, security headers, heads that are too large, the development mode's refusals, the doctor's question), CORS, faults on order, panics
//! and deadlines.

pub(crate) mod cors;
mod doctor_probe;
pub(crate) mod envelope;
pub(crate) mod fault_mode;
pub(crate) mod guard;
mod head_limit;
mod host_guard;
mod observe;
pub(crate) mod problem_document;
mod security_headers;
