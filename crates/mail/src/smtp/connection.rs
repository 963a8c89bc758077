//! Opening a connection that is fit to carry a mail: encrypted as required, and signed in.

use super::failure::{Cause, Failure, Stage};
use super::lockstep::Lockstep;
use super::options::{Security, SmtpOptions, SmtpSetupError, SmtpTimeLimits};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// The ways of signing in that are tried, in this order. Both show the password to the server, so neither is
/// used without TLS but on this machine.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// Opens connections.
pub(super) struct Dialer {
    options: SmtpOptions,
    tls: Option<TlsParameters>,
}

impl Dialer {
    /// Reads the certificates once.
    pub(super) fn new(options: SmtpOptions) -> Result<Self, SmtpSetupError> {
        let tls = match options.server.security {
            Security::None => None,
            Security::StartTls | Security::Implicit => {
                Some(tls_parameters(&options.server.host, options.ca_file.as_deref())?)
            }
        };
        Ok(Self { options, tls })
    }

    /// Opens a connection: greeted, encrypted if that is required, and signed in if there are credentials.
    pub(super) async fn dial(&self, patience: &Patience) -> Result<AsyncSmtpConnection, Failure> {
        let mut connection = match (self.options.server.security, &self.tls) {
            (Security::Implicit, Some(tls)) => self.dial_implicit(tls, patience).await?,
            (Security::StartTls, Some(tls)) => self.dial_starttls(tls, patience).await?,
            (Security::None, _) => self.dial_plain(patience).await?,
            (Security::Implicit | Security::StartTls, None) => {
                return Err(Failure::new(Stage::Connect, Cause::Missing("TLS is not set up")));
            }
        };
        // Whatever happened above: no sender, no recipient and no password goes out in the clear.
        if !connection.is_encrypted() && self.options.server.security != Security::None {
            return Err(Failure::new(Stage::Starttls, Cause::Missing("the connection is not encrypted")));
        }
        self.sign_in(&mut connection, patience).await?;
        Ok(connection)
    }

    async fn dial_implicit(
        &self,
        tls: &TlsParameters,
        patience: &Patience,
    ) -> Result<AsyncSmtpConnection, Failure> {
        let limit = self.options.limits.connect;
        let address = (self.options.server.host.as_str(), self.options.server.port);
        // One call of the library connects, shakes hands and says EHLO; so the time for a command counts too.
        let dialling = AsyncSmtpConnection::connect_tokio1(
            address,
            Some(limit),
            &self.options.hello,
            Some(tls.clone()),
            None,
        );
        patience.step(Stage::Connect, limit.saturating_add(patience.command_limit()), dialling).await
    }

    async fn dial_starttls(
        &self,
        tls: &TlsParameters,
        patience: &Patience,
    ) -> Result<AsyncSmtpConnection, Failure> {
        let stream = Box::new(Lockstep::new(self.open_tcp(patience, |_| true).await?));
        let limit = patience.command_limit();
        let hello = &self.options.hello;
        let greeting = AsyncSmtpConnection::connect_with_transport(stream, hello);
        let mut connection = patience.step(Stage::Greeting, limit, greeting).await?;
        // Never a fall back to plain text: somebody on the wire can strike the offer out of the answer.
        if !connection.can_starttls() {
            return Err(Failure::new(Stage::Starttls, Cause::Missing("not offered by the mail server")));
        }
        patience.step(Stage::Starttls, limit, connection.starttls(tls.clone(), hello)).await?;
        Ok(connection)
    }

    async fn dial_plain(&self, patience: &Patience) -> Result<AsyncSmtpConnection, Failure> {
        // The name `localhost` may be made to point elsewhere; plain text stays on this machine all the same.
        let stream = Box::new(self.open_tcp(patience, |address| address.ip().is_loopback()).await?);
        let greeting = AsyncSmtpConnection::connect_with_transport(stream, &self.options.hello);
        patience.step(Stage::Greeting, patience.command_limit(), greeting).await
    }

    /// Tries the host's addresses one after the other.
    async fn open_tcp(
        &self,
        patience: &Patience,
        is_allowed: impl Fn(&SocketAddr) -> bool,
    ) -> Result<TcpStream, Failure> {
        let address = (self.options.server.host.as_str(), self.options.server.port);
        let opening = async {
            let found = tokio::net::lookup_host(address)
                .await
                .map_err(|_| Cause::Missing("the host name cannot be resolved"))?;
            let mut cause = Cause::Missing("the host has no address that may be used");
            for address in found.filter(is_allowed) {
                match TcpStream::connect(address).await {
                    // The text and the final dot go out in two writes, and the server's answer waits for both.
                    Ok(stream) => return stream.set_nodelay(true).map(|()| stream).map_err(network),
                    Err(error) => cause = network(error),
                }
            }
            Err(cause)
        };
        match timeout_at(patience.until(self.options.limits.connect), opening).await {
            Ok(opened) => opened.map_err(|cause| Failure::new(Stage::Connect, cause)),
            Err(_) => Err(Failure::new(Stage::Connect, Cause::TimedOut)),
        }
    }

    async fn sign_in(
        &self,
        connection: &mut AsyncSmtpConnection,
        patience: &Patience,
    ) -> Result<(), Failure> {
        let Some(account) = &self.options.server.account else { return Ok(()) };
        if connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
            return Err(Failure::new(Stage::Auth, Cause::Missing("neither PLAIN nor LOGIN is offered")));
        }
        let credentials =
            Credentials::new(account.user.expose().to_owned(), account.password.expose().to_owned());
        let signing_in = connection.auth(&MECHANISMS, &credentials);
        patience.step(Stage::Auth, patience.command_limit(), signing_in).await.map(|_| ())
    }
}

/// The time a delivery may take, step by step and in all.
pub(super) struct Patience {
    end: Instant,
    command: Duration,
}

impl Patience {
    pub(super) fn starting_now(limits: &SmtpTimeLimits) -> Self {
        Self { end: Instant::now() + limits.delivery, command: limits.command }
    }

    /// How long one command may take.
    pub(super) const fn command_limit(&self) -> Duration {
        self.command
    }

    fn until(&self, limit: Duration) -> Instant {
        self.end.min(Instant::now() + limit)
    }

    /// Waits for a step, at most `limit` and never beyond the end of the delivery.
    pub(super) async fn step<T>(
        &self,
        stage: Stage,
        limit: Duration,
        step: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Failure> {
        run(stage, self.until(limit), step).await
    }

    /// Waits for a step as long as the delivery may take.
    pub(super) async fn last_step<T>(
        &self,
        stage: Stage,
        step: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Failure> {
        run(stage, self.end, step).await
    }
}

async fn run<T>(
    stage: Stage,
    until: Instant,
    step: impl Future<Output = Result<T, SmtpError>>,
) -> Result<T, Failure> {
    match timeout_at(until, step).await {
        Ok(outcome) => outcome.map_err(|error| Failure::new(stage, Cause::of(&error))),
        Err(_) => Err(Failure::new(stage, Cause::TimedOut)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn network(error: io::Error) -> Cause {
    Cause::Network(error.kind())
}

/// The system's certificate authorities and the operator's own; the name is checked as well. TLS 1.2 at least.
fn tls_parameters(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, SmtpSetupError> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        for certificate in read_certificates(path)? {
            parameters = parameters.add_root_certificate(certificate);
        }
    }
    parameters.build().map_err(|error| SmtpSetupError::Tls(error.to_string()))
}

fn read_certificates(path: &Path) -> Result<Vec<Certificate>, SmtpSetupError> {
    let pem = std::fs::read(path)
        .map_err(|source| SmtpSetupError::UnreadableCaFile { path: path.to_owned(), source })?;
    let invalid = || SmtpSetupError::InvalidCaFile(path.to_owned());
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .map(|der| der.ok().and_then(|der| Certificate::from_der(der.to_vec()).ok()).ok_or_else(invalid))
        .collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() { Err(invalid()) } else { Ok(certificates) }
}
