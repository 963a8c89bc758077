//! The built-in TLS, asked for what it must not speak.

use crate::process::{ServerProcess, ServerSetup};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(60);
/// RFC 8446 section 6.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// A client that offers nothing newer than `minor` (SSL 3.0 is 0, TLS 1.2 is 3), with the curves and signatures of today.
fn hello(minor: u8) -> Vec<u8> {
    // ECDHE-ECDSA and ECDHE-RSA with AES-128-GCM, then with AES-128-CBC and SHA-1, then plain RSA.
    let suites = [0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x09, 0xc0, 0x13, 0x00, 0x2f];
    let extensions = [
        &[0x00, 0x0a, 0, 4, 0, 2, 0x00, 0x17][..], // secp256r1
        &[0x00, 0x0b, 0, 2, 1, 0],
        &[0x00, 0x0d, 0, 4, 0, 2, 0x04, 0x03], // ecdsa_secp256r1_sha256
    ]
    .concat();
    let mut body = vec![3, minor];
    body.extend([7; 32]);
    body.push(0);
    body.extend([0, u8::try_from(suites.len()).unwrap()]);
    body.extend(suites);
    body.extend([1, 0, 0, u8::try_from(extensions.len()).unwrap()]);
    body.extend(extensions);
    let length = u8::try_from(body.len()).unwrap();
    [&[HANDSHAKE, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}

/// The first byte of the answer: of an alert or of a handshake that goes on.
async fn answer(port: u16, hello: &[u8]) -> Option<u8> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
    stream.write_all(hello).await.ok()?;
    let mut first = [0; 1];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut first)).await.unwrap();
    read.ok().map(|_| first[0])
}

#[tokio::test]
async fn asvs_12_1_1_nothing_older_than_tls_1_2_is_spoken() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, key) = (files.path().join("chain.pem"), files.path().join("key.pem"));
    std::fs::write(&chain, pem("CERTIFICATE", made.cert.der())).unwrap();
    std::fs::write(&key, pem("PRIVATE KEY", &made.signing_key.serialize_der())).unwrap();
    let setup = ServerSetup::default()
        .with("MINBIL_AUTH_TLS__CERTIFICATE_FILE", chain.display())
        .with("MINBIL_AUTH_TLS__PRIVATE_KEY_FILE", key.display());
    let server = ServerProcess::spawn(data.path(), &setup);
    let start = Instant::now();
    // The same words at TLS 1.2 are answered with a handshake, so it is the version that is refused below.
    while answer(server.port, &hello(3)).await != Some(HANDSHAKE) {
        assert!(start.elapsed() < PATIENCE, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for minor in [0, 1, 2] {
        assert_eq!(answer(server.port, &hello(minor)).await, Some(ALERT), "3.{minor}");
    }
}
