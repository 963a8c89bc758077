//! TLS from certificate files, and their change while the server runs.

use crate::process::{ServerProcess, ServerSetup};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minbil_auth::config::settings::TlsFiles;
use minbil_auth::listen::{read_tls, reload_tls};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

const PATIENCE: Duration = Duration::from_secs(60);

/// A certificate for localhost that vouches for itself, written to the files of the configuration.
pub fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("chain.pem"), pem("CERTIFICATE", made.cert.der())).unwrap();
    std::fs::write(folder.join("key.pem"), pem("PRIVATE KEY", &made.signing_key.serialize_der())).unwrap();
    made.cert.der().clone()
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// Asks for `/readyz` over TLS, trusting one certificate alone; `None` if no answer comes.
async fn ask(port: u16, trusted: &CertificateDer<'static>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    // A server need not say goodbye, so what came is what counts.
    let _ = stream.read_to_end(&mut answer).await;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

async fn until_answered(server: &ServerProcess, trusted: &CertificateDer<'static>) {
    let start = Instant::now();
    loop {
        if ask(server.port, trusted).await.is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "no answer under this certificate:\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn until_logged(server: &ServerProcess, text: &str) {
    let start = Instant::now();
    while !server.log().contains(text) {
        assert!(start.elapsed() < PATIENCE, "`{text}` is not logged:\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn setup(files: &Path) -> ServerSetup {
    ServerSetup::default()
        .with("MINBIL_AUTH_TLS__CERTIFICATE_FILE", files.join("chain.pem").display())
        .with("MINBIL_AUTH_TLS__PRIVATE_KEY_FILE", files.join("key.pem").display())
        .with("MINBIL_AUTH_TLS__RELOAD_SECONDS", 1)
}

#[tokio::test]
async fn a_changed_certificate_is_picked_up_and_a_broken_one_is_not() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = write_certificate(files.path());
    let server = ServerProcess::spawn(data.path(), &setup(files.path()));
    until_answered(&server, &first).await;
    let second = write_certificate(files.path());
    assert!(ask(server.port, &second).await.is_none() || server.log().contains("was reloaded"));
    until_answered(&server, &second).await;
    assert!(ask(server.port, &first).await.is_none(), "the old certificate is gone");
    std::fs::write(files.path().join("key.pem"), "half a fi").unwrap();
    until_logged(&server, "cannot be used; the old one stays").await;
    assert!(ask(server.port, &second).await.is_some());
}

#[tokio::test]
async fn a_change_before_the_watching_begins_is_picked_up_too() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    let (certificate, private_key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    let files = TlsFiles { certificate, private_key, reload: Duration::from_millis(10) };
    let tls = read_tls(&files).await.unwrap();
    let config = tls.config.clone();
    let first = config.get_inner();
    // A file's time of change goes in steps of the system's clock.
    tokio::time::sleep(Duration::from_millis(50)).await;
    write_certificate(folder.path());
    let watching = tokio::spawn(reload_tls(tls, files));
    let start = Instant::now();
    while Arc::ptr_eq(&first, &config.get_inner()) {
        assert!(start.elapsed() < PATIENCE, "the change was not seen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    watching.abort();
}

#[tokio::test]
async fn asvs_4_1_2_a_request_in_plain_text_is_not_redirected_but_refused() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let certificate = write_certificate(files.path());
    let server = ServerProcess::spawn(data.path(), &setup(files.path()));
    until_answered(&server, &certificate).await;
    let answer = reqwest::get(format!("{}/readyz", server.base)).await;
    assert!(answer.is_err(), "{answer:?}");
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_before_anything_is_made() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_certificate(files.path());
    std::fs::write(files.path().join("key.pem"), "no key").unwrap();
    let mut server = ServerProcess::spawn(data.path(), &setup(files.path()));
    assert!(!server.ended().await.success());
    until_logged(&server, "tls: cannot use").await;
    assert!(server.log().contains("key.pem"), "{}", server.log());
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}
