//! A server that does nothing but answer, so that the load generator can keep the machine as busy beside the
//! ceiling as it does beside the product.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The hidden command that makes this program the echo server.
pub(crate) const COMMAND: &str = "echo";

/// The child's side: prints its port, then answers until it is killed.
pub(crate) async fn run_as_child() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A client that goes away ends its own task and nothing else.
        tokio::spawn(async move { answer(stream).await.is_ok() });
    }
}

async fn answer(stream: TcpStream) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    let body = format!(r#"{{"filler":"{}"}}"#, "x".repeat(900));
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut request = vec![0; length];
        stream.read_exact(&mut request).await?;
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
}
