//! A TCP stream that cannot read ahead of the TLS handshake.
//!
//! Before STARTTLS takes effect, somebody on the wire can add replies of their own behind a genuine one. A
//! client that has read them into its buffer believes, after the handshake, that they came through TLS, and
//! takes them for answers to its next commands: a mail would count as accepted that was never taken (the
//! response injection of the "NO STARTTLS" report, 2021; CVE-2011-0411 is the same on the server's side). So
//! this stream gives out single bytes until the handshake begins: the reader stops at the end of a reply, and
//! whatever follows too early reaches the TLS engine, which ends the connection.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How far the talk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Plain commands.
    Plain,
    /// STARTTLS is being sent or answered; this many bytes of the command are still to go.
    Asked(usize),
    /// TLS records.
    Open,
}

/// The stream.
#[derive(Debug)]
pub(super) struct Lockstep {
    stream: TcpStream,
    phase: Phase,
}

impl Lockstep {
    pub(super) const fn new(stream: TcpStream) -> Self {
        Self { stream, phase: Phase::Plain }
    }
}

impl AsyncTokioStream for Lockstep {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Lockstep {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.phase == Phase::Open || buffer.remaining() == 0 {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut one))?;
        buffer.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Lockstep {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        // The first bytes after the command are the client's part of the handshake.
        if self.phase == Phase::Asked(0) {
            self.phase = Phase::Open;
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, data))?;
        self.phase = match self.phase {
            Phase::Plain if data.starts_with(b"STARTTLS") => Phase::Asked(data.len().saturating_sub(written)),
            Phase::Asked(left) => Phase::Asked(left.saturating_sub(written)),
            phase @ (Phase::Plain | Phase::Open) => phase,
        };
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
