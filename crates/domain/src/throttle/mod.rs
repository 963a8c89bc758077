//! How often something may happen: as pure functions of what one row of a table keeps.
//!
//! A [`Budget`] is about pace: so many at once, then one more every so often. A [`Ladder`] is about failures in
//! a row: the longer the row, the longer the wait, and at some length there is no more until something else
//! clears it.

mod budget;
mod ladder;

pub use budget::{Budget, Charge, charge, refund};
pub use ladder::{Climb, Ladder, Rung, climb, step_down};
