//! Clients that are slow, silent or gone: each costs a bounded amount, and nobody else notices.

use crate::process::{ServerProcess, ServerSetup};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Far longer than the server's own limits of a second or two, which end the wait.
const PATIENCE: Duration = Duration::from_secs(60);

fn impatient() -> ServerSetup {
    ServerSetup::default()
        .with("MINBIL_AUTH_HTTP__HEADER_TIMEOUT_SECONDS", 1)
        .with("MINBIL_AUTH_HTTP__REQUEST_DEADLINE_SECONDS", 2)
}

/// Sends a text and waits until the server has closed the connection; what it said.
async fn say(port: u16, text: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // A reset is an end too.
    let _ = read.expect("the server ends the connection by itself");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_client_that_sends_half_a_head_or_nothing_is_let_go() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &impatient()).await;
    for text in ["", "POST /api/co/auth/sign-in HTTP/1.1\r\nHost: local"] {
        let answer = say(server.port, text).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{text:?}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_of_a_body_gets_408_as_a_problem() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &impatient()).await;
    let head = "POST /api/co/auth/sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
        Content-Type: application/json\r\n";
    for rest in
        ["Content-Length: 100\r\n\r\n{\"email\":", "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"ema\r\n"]
    {
        let answer = say(server.port, &format!("{head}{rest}")).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(
            answer.contains("application/problem+json") && answer.contains("request_timeout"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn two_hundred_silent_clients_do_not_keep_an_honest_one_waiting() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &impatient()).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).await.unwrap());
    }
    let answer = reqwest::get(format!("{}/readyz", server.base)).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn heads_that_are_too_large_or_broken_are_refused_and_the_server_lives() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &impatient()).await;
    let (long, longer_than_a_call) = ("a".repeat(1 << 20), "a".repeat(40_000));
    for (head, code) in [
        (format!("GET /{longer_than_a_call} HTTP/1.1\r\nHost: localhost"), "uri_too_long"),
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {longer_than_a_call}"), "headers_too_large"),
    ] {
        let answer = say_what_fits(server.port, &format!("{head}\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 4") && answer.contains(code), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    for text in [
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\nConnection: close\r\n\r\n"),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
    ] {
        let answer = say_what_fits(server.port, &text).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{}",
            &answer[..answer.len().min(300)]
        );
    }
    assert_eq!(reqwest::get(format!("{}/readyz", server.base)).await.unwrap().status(), 200);
}

/// As [`say`], for a text that the server may stop reading.
async fn say_what_fits(port: u16, text: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server ends the connection by itself");
    String::from_utf8_lossy(&answer).into_owned()
}
