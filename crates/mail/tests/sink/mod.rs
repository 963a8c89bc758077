//! A mail server in this process that does as it is told: refuses, stalls or hangs up at a stage, offers
//! STARTTLS with a certificate of its own, and writes down everything it hears.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A point of the talk at which the server can misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Greeting,
    Ehlo,
    Starttls,
    Auth,
    Rset,
    Mail,
    Rcpt,
    Data,
    /// After the final dot.
    Text,
}

/// What the server does instead of agreeing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Sends exactly this.
    Say(&'static str),
    /// Never answers.
    Stall,
    /// Ends the connection.
    HangUp,
}

/// How the server encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    None,
    Starttls,
    Implicit,
}

/// How a server behaves.
pub(crate) struct Script {
    pub(crate) acts: HashMap<Stage, Act>,
    /// Acts for the second and later connections, where they differ.
    pub(crate) later: Option<HashMap<Stage, Act>>,
    pub(crate) tls: Tls,
    /// The names in the certificate.
    pub(crate) certified: Vec<String>,
    /// User and password, if it offers AUTH.
    pub(crate) account: Option<(&'static str, &'static str)>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            acts: HashMap::new(),
            later: None,
            tls: Tls::None,
            certified: vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
            account: None,
        }
    }
}

impl Script {
    pub(crate) fn at(stage: Stage, act: Act) -> Self {
        Self { acts: HashMap::from([(stage, act)]), ..Self::default() }
    }
}

/// What the server has heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) connections: usize,
    /// Every command line, on all connections, in the order of arrival.
    pub(crate) commands: Vec<String>,
    /// Every text that came to its final dot, with the dot-stuffing undone.
    pub(crate) texts: Vec<String>,
}

/// A running server; it ends with the value.
pub(crate) struct Sink {
    pub(crate) port: u16,
    /// The server's certificate, which is its own authority, in PEM form.
    pub(crate) certificate: String,
    heard: Arc<Mutex<Heard>>,
    acceptor: AbortHandle,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

impl Sink {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (certificate, tls) = certificate(&script.certified);
        let heard = Arc::<Mutex<Heard>>::default();
        let (script, record) = (Arc::new(script), Arc::clone(&heard));
        let acceptor = tokio::spawn(async move {
            // Dropped with this task, and every talk with it.
            let mut talks = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let connections = {
                    let mut heard = record.lock().unwrap();
                    heard.connections += 1;
                    heard.connections
                };
                let (script, record, tls) = (Arc::clone(&script), Arc::clone(&record), tls.clone());
                talks.spawn(async move {
                    let is_later = connections > 1;
                    let talk = Talk { script: &script, is_later, record: &record };
                    let _ = talk.serve(stream, &tls).await;
                });
            }
        })
        .abort_handle();
        Self { port, certificate, heard, acceptor }
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }
}

fn certificate(names: &[String]) -> (String, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(made.cert.der())
    );
    (pem, TlsAcceptor::from(Arc::new(config)))
}

/// One connection.
struct Talk<'a> {
    script: &'a Script,
    is_later: bool,
    record: &'a Mutex<Heard>,
}

/// The connection is over.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

impl Talk<'_> {
    async fn serve(&self, stream: TcpStream, tls: &TlsAcceptor) -> Result<(), Over> {
        if self.script.tls == Tls::Implicit {
            let mut stream = BufReader::new(tls.accept(stream).await?);
            self.answer(&mut stream, Stage::Greeting, "220 sink.example ESMTP\r\n").await?;
            return self.converse(&mut stream, true).await;
        }
        let mut stream = BufReader::new(stream);
        self.answer(&mut stream, Stage::Greeting, "220 sink.example ESMTP\r\n").await?;
        self.converse(&mut stream, false).await?;
        let mut stream = BufReader::new(tls.accept(stream.into_inner()).await?);
        self.converse(&mut stream, true).await
    }

    /// Talks until the end, or until STARTTLS was agreed on.
    async fn converse<S>(&self, stream: &mut BufReader<S>, is_encrypted: bool) -> Result<(), Over>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let line = read_line(stream).await?;
            self.record.lock().unwrap().commands.push(line.trim_end().to_owned());
            let verb = line.split([' ', ':', '\r']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let offers = self.offers(is_encrypted);
                    self.answer(stream, Stage::Ehlo, &offers).await?;
                }
                "STARTTLS" => {
                    self.answer(stream, Stage::Starttls, "220 go ahead\r\n").await?;
                    return Ok(());
                }
                "AUTH" => {
                    let reply = if self.knows(&line) { "235 2.7.0 welcome\r\n" } else { "535 5.7.8 no\r\n" };
                    self.answer(stream, Stage::Auth, reply).await?;
                }
                "RSET" => drop(self.answer(stream, Stage::Rset, "250 2.0.0 ok\r\n").await?),
                "MAIL" => drop(self.answer(stream, Stage::Mail, "250 2.1.0 ok\r\n").await?),
                "RCPT" => drop(self.answer(stream, Stage::Rcpt, "250 2.1.5 ok\r\n").await?),
                "DATA" => {
                    if self.answer(stream, Stage::Data, "354 go ahead\r\n").await?.starts_with("354") {
                        let text = read_text(stream).await?;
                        self.record.lock().unwrap().texts.push(text);
                        self.answer(stream, Stage::Text, "250 2.0.0 taken\r\n").await?;
                    }
                }
                "QUIT" => {
                    stream.write_all(b"221 2.0.0 bye\r\n").await?;
                    return Err(Over);
                }
                _ => stream.write_all(b"500 5.5.1 what?\r\n").await?,
            }
        }
    }

    /// Does what the script says for this stage, or agrees. Returns what was said.
    async fn answer<S>(&self, stream: &mut BufReader<S>, stage: Stage, usual: &str) -> Result<String, Over>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let acts = self.script.later.as_ref().filter(|_| self.is_later).unwrap_or(&self.script.acts);
        let said = match acts.get(&stage) {
            None => usual,
            Some(Act::Say(said)) => said,
            Some(Act::Stall) => std::future::pending().await,
            Some(Act::HangUp) => return Err(Over),
        };
        stream.write_all(said.as_bytes()).await?;
        stream.flush().await?;
        Ok(said.to_owned())
    }

    fn offers(&self, is_encrypted: bool) -> String {
        let starttls =
            if self.script.tls == Tls::Starttls && !is_encrypted { "250-STARTTLS\r\n" } else { "" };
        let auth = if self.script.account.is_some() { "250-AUTH PLAIN\r\n" } else { "" };
        format!("250-sink.example\r\n{starttls}{auth}250 8BITMIME\r\n")
    }

    fn knows(&self, line: &str) -> bool {
        let Some((user, password)) = self.script.account else { return false };
        line.trim_end() == format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}")))
    }
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Result<String, Over> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 { Err(Over) } else { Ok(line) }
}

/// Reads up to the final dot (RFC 5321 section 4.5.2).
async fn read_text<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Result<String, Over> {
    let mut text = String::new();
    loop {
        let line = read_line(stream).await?;
        if line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
