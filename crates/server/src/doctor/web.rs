//! One request at a time, each on a connection of its own, no redirect followed: what the doctor sees is what a proxy really did.

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// How long a request may take in all.
const REQUEST_MAX: Duration = Duration::from_secs(15);
/// The largest body that is read.
const BODY_MAX: usize = 256 * 1024;

/// Asks.
pub(super) struct Web {
    tls: TlsConnector,
}

/// A question.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// This end of the connection.
    pub(super) here: SocketAddr,
    /// The other end.
    pub(super) there: SocketAddr,
    /// The version of TLS.
    pub(super) tls: Option<String>,
}

impl Reply {
    /// Every line of a header.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let lines = self.headers.get_all(name).iter();
        lines.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    }
}

impl Web {
    /// Trusts the system's authorities and those of a file.
    pub(super) fn new(ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = ca_file {
            let unreadable = || format!("--ca-file {}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).with_context(unreadable)? {
                roots.add(certificate.with_context(unreadable)?).with_context(unreadable)?;
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Asks, and reads the whole answer.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> anyhow::Result<Reply> {
        let answered = tokio::time::timeout(REQUEST_MAX, self.ask_patiently(ask)).await;
        answered.with_context(|| format!("no answer within {} s", REQUEST_MAX.as_secs()))?
    }

    async fn ask_patiently(&self, ask: Ask<'_>) -> anyhow::Result<Reply> {
        let host = ask.url.host_str().context("the address has no host")?.to_owned();
        let port = ask.url.port_or_known_default().context("the address has no port")?;
        let stream = connect(&host, port).await?;
        let (here, there) = (stream.local_addr()?, stream.peer_addr()?);
        if ask.url.scheme() != "https" {
            return exchange(stream, ask, (here, there), None).await;
        }
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?;
        let stream = self.tls.connect(name, stream).await.context("TLS")?;
        let version = stream.get_ref().1.protocol_version().map(|version| format!("{version:?}"));
        exchange(stream, ask, (here, there), version).await
    }
}

async fn connect(host: &str, port: u16) -> anyhow::Result<TcpStream> {
    let found = tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await;
    let mut last = anyhow::anyhow!("{host} has no address");
    for address in found.with_context(|| format!("{host} cannot be resolved"))? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = anyhow::anyhow!("{address}: {error}"),
        }
    }
    Err(last)
}

async fn exchange<S>(
    stream: S,
    ask: Ask<'_>,
    (here, there): (SocketAddr, SocketAddr),
    tls: Option<String>,
) -> anyhow::Result<Reply>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the answer, whose failure is told there.
    let task = tokio::spawn(async move { drop(connection.await) });
    let target = &ask.url[url::Position::BeforePath..url::Position::AfterQuery];
    let authority = &ask.url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request = Request::builder()
        .method(ask.method)
        .uri(target)
        .header(HOST, authority)
        .header(CONNECTION, "close")
        .header(USER_AGENT, concat!("minbil-auth-doctor/", env!("CARGO_PKG_VERSION")));
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    let (parts, body) = sender.send_request(request.body(Empty::<Bytes>::new())?).await?.into_parts();
    let body = Limited::new(body, BODY_MAX).collect().await.map_err(|error| anyhow::anyhow!("{error}"))?;
    task.abort();
    Ok(Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.to_bytes(),
        here,
        there,
        tls,
    })
}
