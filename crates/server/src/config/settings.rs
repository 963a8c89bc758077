//! The configuration, understood: types that cannot be wrong any more.

use super::schema;
use app::allowances::Limits;
use app::outbox::RetryPolicy;
use app::ports::keys::SigningAlgorithm;
use app::ports::store::Retention;
use app::rotate_signing_keys::KeyRotation;
use crypto::HashingParameters;
use domain::account::EmailVerification;
use domain::client_address::AddressRange;
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::redirect::{RedirectAllowlist, RedirectTarget};
use domain::session::SessionPolicy;
use domain::throttle::Budget;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use store_postgres::DatabaseAddress;
use url::Url;

/// Everything the server is told.
pub struct Settings {
    /// What was written, for `config show`. It holds no secrets when it is printed.
    pub written: schema::Config,
    /// The mode.
    pub mode: Mode,
    /// The address that clients and mails use, without a trailing slash.
    pub base_url: String,
    /// Origins of the server's own pages.
    pub own_origins: Vec<String>,
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// Where `/metrics` listens.
    pub metrics_listen: Option<SocketAddr>,
    /// Where generated things live.
    pub data_dir: PathBuf,
    /// Where accounts and sessions are kept.
    pub database: DatabasePlace,
    /// Where the root key comes from.
    pub root_key: RootKeySource,
    /// Certificates.
    pub tls: Option<TlsFiles>,
    /// What a new password hash costs.
    pub hashing: HashingParameters,
    /// Where mail goes.
    pub mail: MailRoute,
    /// When deliveries are tried again.
    pub mail_retry: RetryPolicy,
    /// How long an order is one worker's.
    pub mail_lease: Duration,
    /// The signature algorithm of new keys.
    pub signing_algorithm: SigningAlgorithm,
    /// When signing keys rotate.
    pub key_rotation: KeyRotation,
    /// How long an API key's secret goes on working after a rotation.
    pub api_key_overlap: Duration,
    /// How long things are kept.
    pub retention: Retention,
    /// How much of what may be limited there may be.
    pub limits: Limits,
    /// The proxies whose word on the client's address counts.
    pub trusted_proxies: Vec<AddressRange>,
    /// The namespaces.
    pub namespaces: BTreeMap<NamespaceName, NamespaceSettings>,
}

/// The two ways to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Loopback only, mail caught, secrets generated.
    Development,
    /// For the world.
    Production,
}

/// Where accounts and sessions are kept.
pub enum DatabasePlace {
    /// In a file of this machine.
    File(PathBuf),
    /// On PostgreSQL.
    Postgres(Box<DatabaseAddress>),
}

/// Where the root key comes from.
pub enum RootKeySource {
    /// A file that must exist.
    File(PathBuf),
    /// A file that is made if it does not exist.
    Generated(PathBuf),
    /// The environment.
    Text(domain::secret::SecretText),
}

/// Where mail goes.
pub enum MailRoute {
    /// Into the development inbox.
    Caught,
    /// To a mail server.
    Smtp(domain::secret::SecretText),
}

/// A certificate chain and its key.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// The key, PEM.
    pub private_key: PathBuf,
    /// How often to look for a change.
    pub reload: Duration,
}

/// One namespace.
pub struct NamespaceSettings {
    /// What the documentation calls it.
    pub title: String,
    /// Pages that may call it from a browser.
    pub allowed_origins: Vec<String>,
    /// Whether any page of the same site may use the cookie.
    pub same_site_is_allowed: bool,
    /// Where reset links may lead, the own page included.
    pub redirects: RedirectAllowlist,
    /// The server's own reset page.
    pub reset_page: RedirectTarget,
    /// Whether an address must be proved before its account is used.
    pub email_verification: EmailVerification,
    /// Where verification links may lead, the own page included.
    pub verify_redirects: RedirectAllowlist,
    /// The server's own verification page.
    pub verify_page: RedirectTarget,
    /// Whether owners hear of sign-ins from new devices.
    pub new_device_mails: bool,
    /// Session rules.
    pub sessions: SessionPolicy,
    /// How long an access token lives.
    pub access_token_ttl: Duration,
    /// Whether bodies carry refresh tokens.
    pub refresh_tokens_in_bodies: bool,
    /// Whether applications have to show an API key.
    pub api_key_required: bool,
    /// The fewest code points of a new password.
    pub password_min: usize,
    /// The language of mails when the client names none.
    pub locale: Locale,
    /// How many reset mails one address gets.
    pub forgot_password_budget: Budget,
}

/// The origin of an address as a browser sends it: scheme, host and, if not the default, port.
pub fn origin_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}
