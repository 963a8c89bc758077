//! `ready`: asks the running server whether it is ready. It reads the configuration and nothing else, so it needs
//! neither the database nor its lock, and a container without a shell has its health check in the program.

use crate::config::settings::Settings;
use crate::output::line;
use anyhow::{Context as _, ensure};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Shorter than the time-out that a container's health check has.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// More than the head of the answer has.
const HEAD_MAX: u64 = 4096;

/// Runs the command.
///
/// # Errors
/// When nobody listens, or the answer is not that the server is ready.
pub fn run(settings: &Settings) -> anyhow::Result<()> {
    let address = settings.listen.first().copied().map(reachable).context("`listen` names no address")?;
    let stream = TcpStream::connect_timeout(&address, WAIT_MAX)
        .with_context(|| format!("nobody listens on {address}"))?;
    if settings.tls.is_some() {
        line(&format!("{address} is open."));
        return Ok(());
    }
    let status = status(stream).with_context(|| format!("{address} gave no answer"))?;
    ensure!(status == "200", "{address} is not ready: {status}");
    line(&format!("{address} is ready."));
    Ok(())
}

/// An address that means all of them, as one of them.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

/// The status of `GET /readyz`.
fn status(mut stream: TcpStream) -> anyhow::Result<String> {
    stream.set_read_timeout(Some(WAIT_MAX))?;
    stream.set_write_timeout(Some(WAIT_MAX))?;
    // Development mode answers no other host.
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(HEAD_MAX).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let mut words = answer.split(' ');
    ensure!(words.next() == Some("HTTP/1.1"), "no HTTP");
    Ok(words.next().context("no status")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Overrides};
    use std::net::TcpListener;

    /// Asks a server that gives this answer, whatever it is asked.
    fn asked(answer: &'static str) -> anyhow::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = vec![listener.local_addr().unwrap().to_string()];
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let overrides = Overrides { listen, ..Overrides::default() };
        let outcome = run(&config::load(&overrides, &std::collections::HashMap::new()).unwrap());
        let request = server.join().unwrap();
        assert!(request.starts_with("GET /readyz ") && request.contains("Host: localhost\r\n"), "{request}");
        outcome
    }

    #[test]
    fn a_server_that_says_it_is_ready_is_ready_and_no_other() {
        asked("HTTP/1.1 200 OK\r\n\r\n").unwrap();
        for answer in ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "220 mail ESMTP\r\n", ""] {
            assert!(asked(answer).is_err(), "{answer}");
        }
    }

    #[test]
    fn nobody_who_listens_is_not_ready() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let overrides = Overrides { listen: vec![free], ..Overrides::default() };
        let settings = config::load(&overrides, &std::collections::HashMap::new()).unwrap();
        assert!(run(&settings).unwrap_err().to_string().contains("nobody listens"));
    }

    #[test]
    fn every_address_is_asked_at_loopback() {
        let asked = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:5000"), "127.0.0.1:5000");
        assert_eq!(asked("[::]:5000"), "[::1]:5000");
        assert_eq!(asked("192.0.2.1:80"), "192.0.2.1:80");
    }
}
