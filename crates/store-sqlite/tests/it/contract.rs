//! The contract of the store ports, on SQLite.

use crate::database::Database;
use app::ports::store::Store;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use testkit::store_contract::Subject;

#[async_trait]
impl Subject for Database {
    async fn fresh() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as _
    }

    async fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    async fn turn_back(&self, span: Duration) {
        self.clock.turn_back(span);
    }
}

testkit::store_contract!(Database);
