//! A network between the store and its server that a test can cut, and a server that speaks TLS.

use base64::Engine as _;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// What becomes of packets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// They arrive.
    Whole,
    /// They vanish, and nobody says so.
    Cut,
}

/// What the server does when it is asked for TLS.
#[derive(Clone)]
pub(crate) enum Tls {
    /// It is never asked.
    None,
    /// It has a certificate for this name.
    For(Arc<ServerConfig>),
    /// It says that it has none.
    Refused,
}

/// A proxy on a port of its own.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    network: watch::Sender<Network>,
}

impl Proxy {
    /// A proxy before `target`, such as `127.0.0.1:5432`.
    pub(crate) async fn start(target: String, tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (network, watched) = watch::channel(Network::Whole);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, target.clone(), tls.clone(), watched.clone()));
            }
        });
        Self { port, network }
    }

    /// Cuts the network, or heals it. What was cut stays dead, as connections through a partition do in the end.
    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

async fn serve(client: TcpStream, target: String, tls: Tls, mut network: watch::Receiver<Network>) {
    if *network.borrow_and_update() == Network::Cut {
        // The connection stands, and nothing ever comes through it.
        let _ = network.changed().await;
        return;
    }
    let Some(client) = greet(client, tls).await else { return };
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let mut client = client;
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = network.changed() => {
            // Held open and silent until the network is whole again.
            let _ = network.changed().await;
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

async fn greet(mut client: TcpStream, tls: Tls) -> Option<Box<dyn Stream>> {
    if matches!(tls, Tls::None) {
        return Some(Box::new(client));
    }
    // SSLRequest: a length of 8 and the number 80877103.
    let mut request = [0; 8];
    client.read_exact(&mut request).await.ok()?;
    assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47], "the first packet was no request for TLS");
    let Tls::For(config) = tls else {
        client.write_all(b"N").await.ok()?;
        return Some(Box::new(client));
    };
    client.write_all(b"S").await.ok()?;
    Some(Box::new(TlsAcceptor::from(config).accept(client).await.ok()?))
}

/// A certificate for `name`, written to `file`, and a server that has it.
pub(crate) fn certificate(name: &str, file: &Path) -> Tls {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(cert.der());
    std::fs::write(file, format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"))
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    Tls::For(Arc::new(config))
}
