//! A reverse proxy that does to requests and answers what proxies do, rightly or wrongly.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// The header at issue.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// What becomes of `X-Forwarded-For`.
#[derive(Clone, Copy, Debug)]
pub enum Forwarding {
    /// The client's address comes to the end.
    Append,
    /// The client's address is all there is.
    Replace,
    /// There is none.
    Strip,
    /// What the client says is passed on.
    Pass,
    /// A word that is no address comes to the end.
    Garble,
}

type Change = Arc<dyn Fn(String) -> String + Send + Sync>;

/// A proxy, not running yet.
pub struct Proxy {
    forwarding: Forwarding,
    /// The address that it calls the server from.
    from: Ipv4Addr,
    request: Change,
    answer: Change,
}

impl Proxy {
    /// One that calls the server from 127.0.0.2.
    pub fn that(forwarding: Forwarding) -> Self {
        let same: Change = Arc::new(|text| text);
        Self { forwarding, from: Ipv4Addr::new(127, 0, 0, 2), request: Arc::clone(&same), answer: same }
    }

    /// Another address that it calls the server from.
    pub fn from(mut self, from: [u8; 4]) -> Self {
        self.from = from.into();
        self
    }

    /// Changes every request's head.
    pub fn request(mut self, change: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        self.request = Arc::new(change);
        self
    }

    /// Changes every answer as a whole.
    pub fn answer(mut self, change: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        self.answer = Arc::new(change);
        self
    }

    /// Runs it before a port of this machine until the test's runtime ends; its own port.
    pub async fn before(self, port: u16) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let proxy = Arc::new(self);
        tokio::spawn(async move {
            while let Ok((stream, client)) = listener.accept().await {
                let proxy = Arc::clone(&proxy);
                // A client that goes away is no failure of the proxy.
                tokio::spawn(async move { proxy.pass(stream, client, port).await.unwrap_or_default() });
            }
        });
        own
    }

    /// One request and its answer; the doctor asks for the connection to be closed after it.
    async fn pass(&self, mut client: TcpStream, address: SocketAddr, port: u16) -> std::io::Result<()> {
        let head = read_head(&mut client).await?;
        let socket = TcpSocket::new_v4()?;
        socket.bind((self.from, 0).into())?;
        let mut server = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
        server.write_all((self.request)(self.forwarded(&head, address)).as_bytes()).await?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).await?;
        client.write_all((self.answer)(String::from_utf8_lossy(&answer).into_owned()).as_bytes()).await
    }

    fn forwarded(&self, head: &str, client: SocketAddr) -> String {
        let is_it = |line: &&str| line.to_ascii_lowercase().starts_with(FORWARDED_FOR);
        let claimed: Vec<_> = head.lines().filter(is_it).collect();
        let rest: Vec<_> = head.trim_end().lines().filter(|line| !is_it(line)).collect();
        let own = format!("{FORWARDED_FOR}: {}", client.ip());
        let lines = match self.forwarding {
            Forwarding::Append => claimed.into_iter().map(str::to_owned).chain([own]).collect(),
            Forwarding::Replace => vec![own],
            Forwarding::Strip => Vec::new(),
            Forwarding::Pass => claimed.into_iter().map(str::to_owned).collect(),
            Forwarding::Garble => vec![format!("{FORWARDED_FOR}: unknown")],
        };
        let all: Vec<_> = rest.into_iter().map(str::to_owned).chain(lines).collect();
        format!("{}\r\n\r\n", all.join("\r\n"))
    }
}

async fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
