//! What the suite asks of an adapter's tests.

use app::ports::store::Store;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// A store under test, with a clock that the suite owns.
#[async_trait]
pub trait Subject: Send + Sync + 'static {
    /// A fresh store without a row, which nobody else uses, and whose clock stands still.
    ///
    /// It stands still because deadlines are looked at on both sides of their exact millisecond. A server
    /// database that has a clock of its own gets one that the tests can set.
    async fn fresh() -> Self
    where
        Self: Sized;

    /// The store.
    fn store(&self) -> Arc<dyn Store>;

    /// Moves the store's clock forward by exactly this much.
    async fn advance(&self, span: Duration);

    /// Moves the store's clock backward, as a clock that was set wrong does when it is put right.
    async fn turn_back(&self, span: Duration);

    /// Cleans up after a case that passed.
    async fn discard(&self) {}
}
