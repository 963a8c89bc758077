//! HTTP/2, frame by frame: what its headers must not carry over into HTTP/1.1 behind it (RFC 9113 section 8.2).

use crate::process::{ServerProcess, ServerSetup};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(60);
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// The request ends, and so do its headers.
const WHOLE: u8 = 0x5;
/// `:status: 200` in the static table (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// A field as a literal that is not indexed and not compressed (RFC 7541 section 6.2.2).
fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    let text = |bytes: &[u8]| [&[u8::try_from(bytes.len()).unwrap()], bytes].concat();
    [vec![0], text(name), text(value)].concat()
}

/// Asks for `/healthz` with one more field; the first frame about it: its kind and its payload.
async fn ask(server: &ServerProcess, name: &[u8], value: &[u8]) -> (u8, Vec<u8>) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).await.unwrap();
    let authority = format!("localhost:{}", server.port);
    let fields = [
        field(b":method", b"GET"),
        field(b":scheme", b"http"),
        field(b":authority", authority.as_bytes()),
        field(b":path", b"/healthz"),
        field(name, value),
    ];
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    stream.write_all(&frame(HEADERS, WHOLE, 1, &fields.concat())).await.unwrap();
    let read = async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            stream.read_exact(&mut payload).await.unwrap();
            if matches!(head[3], HEADERS | RST_STREAM | GOAWAY) {
                return (head[3], payload);
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap()
}

async fn refuses(server: &ServerProcess, name: &[u8], value: &[u8]) {
    let (kind, payload) = ask(server, name, value).await;
    let shown = String::from_utf8_lossy(name);
    assert!(matches!(kind, RST_STREAM | GOAWAY), "{shown}: a frame of kind {kind}, {payload:?}");
}

async fn answers(server: &ServerProcess) {
    let (kind, payload) = ask(server, b"x-request-id", b"plain").await;
    assert_eq!((kind, payload[0]), (HEADERS, STATUS_200), "{payload:?}");
}

#[tokio::test]
async fn asvs_4_2_3_a_connection_header_ends_the_stream() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &ServerSetup::default()).await;
    answers(&server).await;
    for (name, value) in [
        (&b"transfer-encoding"[..], &b"chunked"[..]),
        (b"connection", b"close"),
        (b"connection", b"x-request-id"),
        (b"keep-alive", b"timeout=5"),
        (b"proxy-connection", b"keep-alive"),
        (b"upgrade", b"websocket"),
        (b"te", b"gzip"),
    ] {
        refuses(&server, name, value).await;
    }
    answers(&server).await;
}

#[tokio::test]
async fn asvs_4_2_4_a_line_break_in_a_header_ends_the_stream() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &ServerSetup::default()).await;
    answers(&server).await;
    for value in [&b"a\r\nx: b"[..], b"a\nb", b"a\rb", b"a\0b", b"\r\n"] {
        refuses(&server, b"user-agent", value).await;
    }
    for name in [&b"x\r\ny"[..], b"x\0", b"x y", b"x:", b"", b"X-Upper"] {
        refuses(&server, name, b"a").await;
    }
    answers(&server).await;
}
