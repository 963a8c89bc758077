//! TLS to the database: the certificate and the name are checked, and there is no way around it.

use crate::database::{connect, new_schema, open, server};
use crate::opening::place_of;
use crate::proxy::{Proxy, Tls, certificate};
use app::ports::store::StoreUpkeep as _;
use minbil_auth_store_postgres::{OpenError, PostgresOptions, PostgresStore};
use std::path::Path;

/// Opens a store through a server that does `tls`, under the name `host`, trusting `roots`.
async fn opened(tls: Tls, host: &str, roots: &Path) -> Result<PostgresStore, OpenError> {
    let (schema, url) = new_schema().await;
    let place = place_of(&url);
    let proxy = Proxy::start(place.clone(), tls).await;
    let url = url.replace(&place, &format!("{host}:{}", proxy.port));
    let url = format!("{url}&sslmode=verify-full&sslrootcert={}", roots.display());
    let store = open(&url, PostgresOptions::default()).await;
    if let Ok(store) = &store {
        store.check().await.unwrap();
    }
    connect(&server()).await.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    store
}

#[tokio::test]
async fn a_certificate_that_is_trusted_and_has_the_name_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    let tls = certificate("localhost", &roots);
    opened(tls, "localhost", &roots).await.unwrap().close();
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    let tls = certificate("db.example.com", &roots);
    let refused = opened(tls, "localhost", &roots).await.err().unwrap().to_string();
    assert!(refused.contains("certificate") && refused.contains("localhost"), "{refused}");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (theirs, ours) = (folder.path().join("theirs.pem"), folder.path().join("ours.pem"));
    let tls = certificate("localhost", &theirs);
    certificate("localhost", &ours);
    let refused = opened(tls, "localhost", &ours).await.err().unwrap().to_string();
    assert!(refused.contains("certificate"), "{refused}");
}

#[tokio::test]
async fn a_server_that_says_it_has_no_tls_gets_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    certificate("localhost", &roots);
    let refused = opened(Tls::Refused, "localhost", &roots).await.err().unwrap().to_string();
    assert!(refused.contains("TLS"), "{refused}");
}
