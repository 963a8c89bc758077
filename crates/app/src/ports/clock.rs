//! Time and randomness, as things that a test can own.

use domain::time::UnixMillis;
use uuid::Uuid;

/// The node's clock. Deadlines of sessions, resets and mails are the store's clock's business; this one
/// dates access tokens and limits, and an embedded store uses it as its own.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> UnixMillis;
}

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// A fresh UUIDv7 (RFC 9562 section 5.7): ordered by its moment, so that an index grows at its end, with 74
/// random bits, so that nobody guesses one.
pub fn new_uuid(now: UnixMillis, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
