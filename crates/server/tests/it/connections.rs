//! Clients that are slow, silent or gone: each costs a bounded amount, and nobody else notices.

use crate::process::{ServerProcess, ServerSetup, until};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
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

/// Whether the server still holds its end of a connection, by the system's table of them. One that it has closed may be
/// there for longer, in another state, until what was sent is read.
fn is_held(server: &ServerProcess, stream: &TcpStream) -> bool {
    let port = |port: u16| format!("0100007F:{port:04X}");
    let (here, there) = (port(server.port), port(stream.local_addr().unwrap().port()));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(1..4) == Some(&[here.as_str(), there.as_str(), ESTABLISHED])
    })
}

/// `TCP_ESTABLISHED` of the Linux kernel, as `/proc/net/tcp` shows it.
const ESTABLISHED: &str = "01";

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let data = tempfile::tempdir().unwrap();
    let setup = ServerSetup::default().with("MINBIL_AUTH_HTTP__WRITE_TIMEOUT_SECONDS", 1);
    let server = ServerProcess::start(data.path(), &setup).await;
    let mut stream = connect(&server).await;
    assert!(is_held(&server, &stream));
    // Answers that no buffer between the two has room for, and whose reading never begins.
    let ask = "GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    stream.write_all(ask.as_bytes()).await.unwrap();
    until("the server has let it go", async || !is_held(&server, &stream)).await;
    let mut some = vec![0; 1 << 16];
    assert!(stream.read(&mut some).await.unwrap() > 0, "it was answered as long as there was room");
}

#[tokio::test]
async fn connections_beyond_the_most_are_closed_and_a_free_place_is_taken_again() {
    let data = tempfile::tempdir().unwrap();
    let setup = ServerSetup::default()
        .with("MINBIL_AUTH_HTTP__CONNECTIONS_MAX", 3)
        .with("MINBIL_AUTH_HTTP__HEADER_TIMEOUT_SECONDS", 600);
    let server = ServerProcess::start(data.path(), &setup).await;
    // The place of the client that asked for readiness may be free a moment later.
    let mut accepted = [entered(&server).await, entered(&server).await, entered(&server).await];
    let mut beyond = connect(&server).await;
    assert!(!is_answered(&mut beyond).await);
    until("the log says so", async || server.log().contains("http.connections_max")).await;
    for stream in &mut accepted {
        assert!(is_answered(stream).await, "who is there already notices nothing");
    }
    drop(accepted);
    entered(&server).await;
}

async fn connect(server: &ServerProcess) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).await.unwrap()
}

/// A connection that has a place, as soon as there is one.
async fn entered(server: &ServerProcess) -> TcpStream {
    let start = Instant::now();
    loop {
        let mut stream = connect(server).await;
        if is_answered(&mut stream).await {
            return stream;
        }
        assert!(start.elapsed() < PATIENCE, "no place becomes free");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a request on this connection is answered, or the connection is closed instead.
async fn is_answered(stream: &mut TcpStream) -> bool {
    // The server may have closed it already.
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut start = [0; 15];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut start)).await;
    let is_read = read.expect("an answer or an end").is_ok();
    let mut rest = vec![0; 1 << 12];
    is_read && start.starts_with(b"HTTP/1.1 200") && stream.read(&mut rest).await.is_ok()
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
