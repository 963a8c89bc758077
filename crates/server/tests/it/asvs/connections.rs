//! Bytes on the wire, as no client of ours would send them.

use crate::process::{ServerProcess, ServerSetup};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(60);

fn impatient() -> ServerSetup {
    ServerSetup::default()
        .with("MINBIL_AUTH_HTTP__HEADER_TIMEOUT_SECONDS", 2)
        .with("MINBIL_AUTH_HTTP__REQUEST_DEADLINE_SECONDS", 2)
}

/// Sends bytes and reads until the server closes the connection.
async fn say(port: u16, bytes: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server ends the connection by itself");
    String::from_utf8_lossy(&answer).into_owned()
}

/// How many answers a connection had.
fn answers(said: &str) -> usize {
    said.matches("HTTP/1.1 ").count()
}

/// Waits until the server has so many open files that `is_wanted` holds.
async fn until_open(server: &ServerProcess, is_wanted: impl Fn(usize) -> bool) -> usize {
    let start = Instant::now();
    loop {
        let open = std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().count();
        if is_wanted(open) {
            return open;
        }
        assert!(start.elapsed() < PATIENCE, "{open} files are open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn asvs_1_4_3_what_a_crowd_opened_is_closed_again() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &ServerSetup::default()).await;
    // The first crowd fills what the server keeps for good: readers of the database, wakers of its threads.
    let mut after_each = Vec::new();
    for _ in 0..3 {
        let mut crowd = Vec::new();
        for _ in 0..100 {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).await.unwrap();
            stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: loc").await.unwrap();
            crowd.push(stream);
        }
        until_open(&server, |open| open >= 100).await;
        drop(crowd);
        assert_eq!(reqwest::get(format!("{}/readyz", server.base)).await.unwrap().status(), 200);
        // As many as after the first crowd; the client that asked for readiness may not have gone yet.
        let most = after_each.first().map_or(59, |first| first + 2);
        after_each.push(until_open(&server, |open| open <= most).await);
    }
}

#[tokio::test]
async fn asvs_4_2_1_two_lengths_never_make_two_requests() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &impatient()).await;
    let head = "POST /api/co/auth/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let second = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let chunk = format!("{:x}\r\n{second}\r\n0\r\n\r\n", second.len());
    // Chunked: whatever the length says, the second request is data of the first (RFC 9112 section 6.3).
    let hidden =
        format!("{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunk}");
    let said = say(server.port, &hidden).await;
    assert_eq!(answers(&said), 1, "{said}");
    assert!(!said.contains("HTTP/1.1 200"), "{said}");
    // Which of two lengths, or whether there is one, must not be a matter of taste: refused, and nothing after it is read.
    let length = second.len();
    for ambiguous in [
        format!("Content-Length: 0\r\nContent-Length: {length}\r\n"),
        format!("Content-Length: {length}\r\nContent-Length: 0\r\n"),
        format!("Content-Length: 0, {length}\r\n"),
        "Content-Length: +0\r\n".to_owned(),
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: 0x0\r\n".to_owned(),
        "Content-Length: 0 0\r\n".to_owned(),
        "Content-Length: 99999999999999999999999\r\n".to_owned(),
        "Content-Length : 0\r\n".to_owned(),
        "Content-Length:\u{b}0\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        "Transfer-Encoding : chunked\r\n".to_owned(),
        "X: a\r\n Transfer-Encoding: chunked\r\n".to_owned(),
        "X: a\rTransfer-Encoding: chunked\r\n".to_owned(),
        "\u{0}: a\r\n".to_owned(),
    ] {
        let said = say(server.port, &format!("{head}{ambiguous}\r\n{second}")).await;
        assert!(answers(&said) <= 1 && !said.contains("HTTP/1.1 200"), "{ambiguous:?}: {said}");
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{ambiguous:?}: {said}");
    }
    // A chunk whose size is not one.
    for size in ["-1", "g", "0x1", "1 ", "ffffffffffffffffff", ""] {
        let said =
            say(server.port, &format!("{head}Transfer-Encoding: chunked\r\n\r\n{size}\r\n{second}")).await;
        assert!(answers(&said) <= 1 && !said.contains("HTTP/1.1 200"), "{size:?}: {said}");
    }
}

#[tokio::test]
async fn asvs_4_2_2_what_is_sent_is_as_long_as_it_says() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &impatient()).await;
    let mut lengths = 0;
    for path in [
        "/healthz",
        "/readyz",
        "/docs",
        "/",
        "/nothing",
        "/openapi.json",
        "/api/co/auth/me",
        "/static/docs.js",
    ] {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "DELETE"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let said = say(server.port, &request).await;
            let (head, body) =
                said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {said}"));
            assert!(!head.to_lowercase().contains("transfer-encoding"), "{method} {path}: {head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let Some(length) = length else {
                assert!(body.is_empty(), "{method} {path} has no length: {head}");
                continue;
            };
            lengths += 1;
            let sent = if method == "HEAD" { "0".to_owned() } else { body.len().to_string() };
            assert!(
                sent == length || (method == "HEAD" && body.is_empty()),
                "{method} {path}: {length}, {sent}"
            );
        }
    }
    assert!(lengths > 30, "{lengths} lengths were compared");
}
