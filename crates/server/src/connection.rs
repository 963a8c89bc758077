//! What connections may cost: how many there are, and how long one may hold up what is written to it.

use axum_server::accept::Accept;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::future::{Ready, ready};
use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

/// Files that are not connections of clients: the database's, the listeners', connections to the mail server and to PostgreSQL.
const OTHER_FILES: u64 = 256;

/// Accepts so many connections at once and closes what comes beyond them.
#[derive(Clone)]
pub(crate) struct BoundedAcceptor {
    places: Arc<Semaphore>,
    refused: Arc<AtomicU64>,
    write_timeout: Duration,
}

impl BoundedAcceptor {
    /// For `max` connections, each of which may hold up a write for `write_timeout`.
    pub(crate) fn new(max: usize, write_timeout: Duration) -> Self {
        let places = Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
        Self { places, refused: Arc::default(), write_timeout }
    }

    fn bound(&self, stream: TcpStream) -> Result<Connection> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
            // The 1st, 2nd, 4th, 8th …: a flood must not become a flood of lines.
            if refused.is_power_of_two() {
                tracing::warn!(
                    refused,
                    "as many connections as `http.connections_max` allows; a new one was closed"
                );
            }
            return Err(Error::other("too many connections"));
        };
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.write_timeout));
        Ok(Connection { stream: Box::pin(stream), _place: place })
    }
}

impl<S> Accept<TcpStream, S> for BoundedAcceptor {
    type Stream = Connection;
    type Service = S;
    type Future = Ready<Result<(Connection, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.bound(stream).map(|connection| (connection, service)))
    }
}

/// A connection that has a place. A write that the other side does not take ends it.
pub(crate) struct Connection {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        self.stream.as_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.stream.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.stream.as_mut().poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Has the system allow as many open files as `wanted` connections need, as far as it lets us; how many connections that is room for. A
/// server that has no file left can neither accept nor open its own database.
pub(crate) fn room_for(wanted: usize) -> usize {
    let needed = (wanted as u64).saturating_add(OTHER_FILES);
    let mut limit = getrlimit(Resource::Nofile);
    let enough = |soft: Option<u64>| soft.is_none_or(|soft| soft >= needed);
    if !enough(limit.current) {
        let raised = limit.maximum.map_or(needed, |hard| hard.min(needed));
        let asked = Rlimit { current: Some(raised), ..limit };
        if setrlimit(Resource::Nofile, asked).is_ok() {
            limit.current = Some(raised);
        }
    }
    if enough(limit.current) {
        return wanted;
    }
    // At least one: the administrator may still want to look.
    let room = limit.current.unwrap_or(needed).saturating_sub(OTHER_FILES).max(1);
    tracing::warn!(
        connections = room,
        "the system allows too few open files for `http.connections_max`; raise its limit (ulimit -n, LimitNOFILE=)"
    );
    usize::try_from(room).unwrap_or(wanted).min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_what_the_system_allows_and_no_more() {
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(1 << 20);
        assert_eq!(room_for(100), 100);
        let room = room_for(usize::MAX);
        assert!(room >= 1 && room as u64 <= hard, "{room}");
        assert!(getrlimit(Resource::Nofile).current.unwrap_or(hard) <= hard);
    }
}
