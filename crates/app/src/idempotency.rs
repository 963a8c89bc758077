//! Calls that happen once: a client that repeats one under its `Idempotency-Key` gets the same answer, and nothing happens a
//! second time.
//!
//! The record is written with the effect, so there is none of a call that is still running; those are remembered by the
//! process. Two servers that run the same call at once both go up to the write, and there the second one finds the
//! first one's record. Nothing here looks at an account, so none of it tells of one.

use crate::fault::Fault;
use crate::ports::store::{Once, OnceAnswer, OnceRecord};
use crate::running_calls::Running;
use crate::service::{Namespace, Service};
use domain::idempotency::{IdempotencyKey, OnceCall};
use std::time::Duration;

/// When a client that was too early should come again.
pub const IN_USE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a call is not carried out.
#[derive(Debug)]
pub enum IdempotencyError {
    /// The key came with another body before.
    Reused,
    /// The first call under this key is still running.
    InUse,
    /// A dependency failed.
    Fault(Fault),
}

/// Whether the call is to be carried out.
pub(crate) enum Begun<'a> {
    /// It is.
    Now(Attempt<'a>),
    /// It was: this was answered.
    Before(OnceAnswer),
}

/// A call to be carried out; with a record, unless its client gave no key.
pub(crate) struct Attempt<'a>(Option<Running<'a>>);

impl Attempt<'_> {
    /// What the write is to be known by.
    pub(crate) fn once(&self) -> Option<Once> {
        self.0.as_ref().map(Running::once)
    }

    /// The answer of a write that turned out to have happened before.
    pub(crate) fn before(&self, record: &OnceRecord) -> Result<OnceAnswer, IdempotencyError> {
        let is_same = self.0.as_ref().is_some_and(|running| running.once().body == record.body);
        if is_same { Ok(record.answer) } else { Err(IdempotencyError::Reused) }
    }
}

/// Begins a call with the fields of its body.
///
/// # Errors
/// Why it is neither carried out nor answered again.
pub(crate) async fn begin<'a>(
    service: &'a Service,
    namespace: &Namespace,
    call: OnceCall,
    key: Option<&IdempotencyKey>,
    body: &[&[u8]],
) -> Result<Begun<'a>, IdempotencyError> {
    let Some(key) = key else { return Ok(Begun::Now(Attempt(None))) };
    let mac = |bytes: &[u8]| {
        let tag = service.macs.tag(service.macs.current_key(), bytes);
        tag.ok_or_else(|| IdempotencyError::Fault(Fault::internal("the current MAC key is not there")))
    };
    let place = mac(&call.place_bytes(&namespace.name, key))?;
    let body = mac(&call.body_bytes(&namespace.name, key, body))?;
    let running = service.running_calls.begin(place, body).ok_or(IdempotencyError::InUse)?;
    let attempt = Attempt(Some(running));
    match service.store.find_once(place).await.map_err(IdempotencyError::Fault)? {
        Some(record) => attempt.before(&record).map(Begun::Before),
        None => Ok(Begun::Now(attempt)),
    }
}

/// A record of this call that says what only another call can have come to.
pub(crate) fn foreign_answer() -> Fault {
    Fault::internal("an idempotency record belongs to another call")
}
