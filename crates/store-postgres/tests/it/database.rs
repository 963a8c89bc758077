//! A schema of its own on the server that the environment names.

use minbil_auth_store_postgres::{DatabaseAddress, PostgresOptions, PostgresStore, StoreClock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use testkit::{FAKE_START, SeededEntropy};
use tokio_postgres::{Client, NoTls};

/// Names the server. Nothing of what is in it is touched, but for schemas that the tests make.
const SERVER: &str = "MINBIL_AUTH_TEST_POSTGRES_URL";

/// The address of the server.
pub(crate) fn server() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| {
        panic!(
            "{SERVER} names no server. `cargo xtask postgres -- cargo test -p minbil-auth-store-postgres` starts one \
             for as long as it takes, or: {SERVER}=postgres://postgres@127.0.0.1:5432/postgres"
        )
    })
}

/// An open store in a schema of its own.
pub(crate) struct Database {
    pub(crate) store: Arc<PostgresStore>,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) url: String,
    schema: String,
}

impl Database {
    /// A new schema, with a clock that stands still.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A new schema, with options of its own.
    pub(crate) async fn with(change: impl FnOnce(&mut PostgresOptions)) -> Self {
        let (schema, url) = new_schema().await;
        let clock = Arc::new(StoreClock::fixed(FAKE_START));
        let mut options =
            PostgresOptions { connections: 4, clock: Arc::clone(&clock), ..PostgresOptions::default() };
        change(&mut options);
        let store = Arc::new(open(&url, options).await.unwrap());
        Self { store, clock, url, schema }
    }

    /// Closes the store and drops the schema.
    pub(crate) async fn discard(&self) {
        self.store.close();
        let client = connect(&server()).await;
        client.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.schema)).await.unwrap();
    }

    /// A plain connection into the schema.
    pub(crate) async fn plain(&self) -> Client {
        connect(&self.url).await
    }
}

/// Makes an empty schema; its name, and the address that leads into it.
pub(crate) async fn new_schema() -> (String, String) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let schema = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    connect(&server()).await.batch_execute(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    let url = with_option(&server(), &format!("options=-c%20search_path%3D{schema}"));
    (schema, url)
}

/// An address with one more option.
pub(crate) fn with_option(url: &str, option: &str) -> String {
    format!("{url}{}{option}", if url.contains('?') { '&' } else { '?' })
}

/// Opens a store.
pub(crate) async fn open(
    url: &str,
    options: PostgresOptions,
) -> Result<PostgresStore, minbil_auth_store_postgres::OpenError> {
    // Each node has randomness of its own: two that made the same ids would collide.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let entropy = Arc::new(SeededEntropy::of(u64::from(NEXT.fetch_add(1, Ordering::Relaxed))));
    PostgresStore::open(&DatabaseAddress::parse(url).unwrap(), options, entropy).await
}

/// A plain connection.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
