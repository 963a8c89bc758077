//! A schema of its own on the server that the environment names.

use crate::process::ServerSetup;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::{Client, NoTls};

/// Names the server.
const SERVER: &str = "MINBIL_AUTH_TEST_POSTGRES_URL";
/// The same on every node: it comes from outside.
pub const ROOT_KEY: &str = "bm90IGEgc2VjcmV0OiBvbmx5IGZvciB0aGUgdGVzdHM";

/// An empty schema.
pub struct Schema {
    /// Leads into it.
    pub url: String,
    name: String,
}

impl Schema {
    /// Makes one.
    pub async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = server();
        let name = format!("nodes_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        connect(&server).await.batch_execute(&format!("CREATE SCHEMA {name}")).await.unwrap();
        let glue = if server.contains('?') { '&' } else { '?' };
        Self { url: format!("{server}{glue}options=-c%20search_path%3D{name}"), name }
    }

    /// A plain connection into it.
    pub async fn plain(&self) -> Client {
        connect(&self.url).await
    }

    /// Drops it.
    pub async fn discard(&self) {
        let drop = format!("DROP SCHEMA {} CASCADE", self.name);
        connect(&server()).await.batch_execute(&drop).await.unwrap();
    }
}

/// The address of the server.
pub fn server() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| {
        panic!("{SERVER} names no server; `cargo xtask test --only postgres` starts one and runs these tests")
    })
}

/// A plain connection.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What every node is started with: cheap hashing (it is not what is tested), no limits.
pub fn setup(url: &str) -> ServerSetup {
    ServerSetup::default()
        .with("MINBIL_AUTH_DATABASE__URL", url)
        .with("MINBIL_AUTH_ROOT_KEY", ROOT_KEY)
        // The address of the load balancer: it is in every token, so it is one for all nodes.
        .with("MINBIL_AUTH_BASE_URL", "http://localhost:5000")
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_MEMORY_KIB", 64)
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_ITERATIONS", 1)
        .with("MINBIL_AUTH_LIMITS__ENABLED", false)
        .with("MINBIL_AUTH_SESSIONS__REFRESH_GRACE_SECONDS", 600)
        .with("MINBIL_AUTH_LOG__LEVEL", "warn")
}
