//! The contract of the store ports, on PostgreSQL: with prepared statements, and without them as behind a pooler.

/// The usual way.
mod prepared {
    use crate::database::Database;
    use app::ports::store::Store;
    use async_trait::async_trait;
    use std::sync::Arc;
    use std::time::Duration;
    use testkit::store_contract::Subject;

    #[async_trait]
    impl Subject for Database {
        async fn fresh() -> Self {
            Self::new().await
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

        async fn discard(&self) {
            Self::discard(self).await;
        }
    }

    testkit::store_contract!(Database);
}

/// `statement_cache = false`.
mod unprepared {
    use crate::database::Database;
    use app::ports::store::Store;
    use async_trait::async_trait;
    use std::sync::Arc;
    use std::time::Duration;
    use testkit::store_contract::Subject;

    /// The same store, without prepared statements.
    struct Unprepared(Database);

    #[async_trait]
    impl Subject for Unprepared {
        async fn fresh() -> Self {
            Self(Database::with(|options| options.statement_cache = false).await)
        }

        fn store(&self) -> Arc<dyn Store> {
            self.0.store()
        }

        async fn advance(&self, span: Duration) {
            self.0.advance(span).await;
        }

        async fn turn_back(&self, span: Duration) {
            self.0.turn_back(span).await;
        }

        async fn discard(&self) {
            self.0.discard().await;
        }
    }

    testkit::store_contract!(Unprepared);
}
