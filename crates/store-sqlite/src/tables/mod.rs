//! Rows of one table each: what more than one port needs of it. The ports' files stand above, so that none of
//! them needs another.

pub(crate) mod outbox;
pub(crate) mod resets;
pub(crate) mod sessions;
pub(crate) mod users;
