//! The listeners: bound before anything answers, closed after what they accepted is finished.

use crate::config::settings::TlsFiles;
use crate::connection::BoundedAcceptor;
use anyhow::Context as _;
use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, SystemTime};
use tokio::task::JoinSet;

/// Time-outs of the connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// How long a client may take to send a request's head, or to shake hands.
    pub header: Duration,
    /// How long a client may leave unread what is written to it.
    pub write: Duration,
    /// How many connections there may be at once.
    pub connections_max: usize,
    /// How long a shutdown waits for requests under way.
    pub shutdown_grace: Duration,
}

/// Bound addresses, not answering yet.
pub struct Listeners(Vec<TcpListener>);

impl Listeners {
    /// Binds every address. `localhost` is two addresses, and a machine may have only one of them, so a
    /// loopback address that does not exist here is left out as long as another is bound.
    ///
    /// # Errors
    /// When an address is taken or none is left.
    pub fn bind(addresses: &[SocketAddr]) -> anyhow::Result<Self> {
        let mut bound = Vec::new();
        for address in addresses {
            match TcpListener::bind(address) {
                Ok(listener) => bound.push(listener),
                Err(error)
                    if error.kind() == std::io::ErrorKind::AddrNotAvailable && address.ip().is_loopback() =>
                {
                    tracing::warn!(%address, "this machine does not have this loopback address; left out");
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot listen on {address}"));
                }
            }
        }
        anyhow::ensure!(!bound.is_empty(), "none of the addresses of `listen` exists on this machine");
        Ok(Self(bound))
    }

    /// The addresses, with the ports that were given by the system where 0 was asked for.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Answers until the handle shuts it down.
    ///
    /// # Errors
    /// When a listener cannot be used.
    pub fn serve(
        self,
        router: &Router,
        tls: Option<&RustlsConfig>,
        handle: &Handle<SocketAddr>,
        limits: ConnectionLimits,
    ) -> anyhow::Result<JoinSet<std::io::Result<()>>> {
        let mut serving = JoinSet::new();
        let acceptor = BoundedAcceptor::new(limits.connections_max, limits.write);
        for listener in self.0 {
            let service = router.clone().into_make_service_with_connect_info::<SocketAddr>();
            let mut server =
                axum_server::from_tcp(listener)?.handle(handle.clone()).first_request_timeout(limits.header);
            let timer = hyper_util::rt::TokioTimer::new();
            server.http_builder().http1().timer(timer.clone()).header_read_timeout(limits.header);
            server.http_builder().http2().timer(timer).keep_alive_interval(limits.header);
            let acceptor = acceptor.clone();
            match tls {
                None => serving.spawn(server.acceptor(acceptor).serve(service)),
                Some(config) => {
                    let config = config.clone();
                    let header = limits.header;
                    let acceptor = RustlsAcceptor::new(config).handshake_timeout(header).acceptor(acceptor);
                    serving.spawn(server.acceptor(acceptor).serve(service))
                }
            };
        }
        Ok(serving)
    }
}

/// The certificate in use, and when its files were changed last before they were read.
pub struct ReadTls {
    /// For the listeners.
    pub config: RustlsConfig,
    changed: Changed,
}

/// When the two files were changed.
type Changed = [Option<SystemTime>; 2];

fn changed(files: &TlsFiles) -> Changed {
    [&files.certificate, &files.private_key]
        .map(|path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
}

/// Reads the certificate and its key.
///
/// # Errors
/// When a file cannot be read or they do not fit together.
pub async fn read_tls(files: &TlsFiles) -> anyhow::Result<ReadTls> {
    // Asked before reading: a change in between is one to come, and not one that was seen.
    let changed = changed(files);
    let config = RustlsConfig::from_pem_file(&files.certificate, &files.private_key).await;
    let config = config.with_context(|| {
        format!("tls: cannot use {} with {}", files.certificate.display(), files.private_key.display())
    })?;
    Ok(ReadTls { config, changed })
}

/// Picks up changed certificate files until the task is dropped. Files that do not fit together (they may be
/// half written) are logged, and the certificate in use stays.
pub async fn reload_tls(tls: ReadTls, files: TlsFiles) {
    let ReadTls { config, changed: mut known } = tls;
    loop {
        tokio::time::sleep(files.reload).await;
        let now = changed(&files);
        if now == known {
            continue;
        }
        match config.reload_from_pem_file(&files.certificate, &files.private_key).await {
            Ok(()) => {
                known = now;
                tracing::info!("tls: the certificate was reloaded");
            }
            Err(error) => {
                tracing::error!(%error, "tls: the changed certificate cannot be used; the old one stays");
            }
        }
    }
}
