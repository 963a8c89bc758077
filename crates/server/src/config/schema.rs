//! What may be written in the configuration file. The commented default file is `default.toml` beside this
//! source; `minbil-auth config show` prints what is in force.

use super::list;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The whole configuration.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `development` or `production`.
    pub mode: String,
    /// The address that clients and mails use, without a trailing slash. Production only.
    pub base_url: Option<String>,
    /// Socket addresses to listen on.
    #[serde(deserialize_with = "list::texts")]
    pub listen: Vec<String>,
    /// Where the embedded database and generated secrets live.
    pub data_dir: PathBuf,
    /// The root key file; `<data_dir>/root.key` when left out in development.
    pub root_key_file: Option<PathBuf>,
    /// The root key itself, for deployments that hand secrets over by environment.
    #[serde(skip_serializing)]
    pub root_key: Option<String>,
    /// The database.
    pub database: Database,
    /// The HTTP server.
    pub http: Http,
    /// Certificates.
    pub tls: Tls,
    /// Password hashing.
    pub passwords: Passwords,
    /// Sessions.
    pub sessions: Sessions,
    /// Signing keys.
    pub keys: Keys,
    /// API keys of applications.
    pub api_keys: ApiKeys,
    /// Calls that happen once.
    pub idempotency: Idempotency,
    /// Mail.
    pub mail: Mail,
    /// Limits.
    pub limits: Limits,
    /// How long things are kept.
    pub retention: RetentionDays,
    /// The documentation pages.
    pub docs: Docs,
    /// The log.
    pub log: Log,
    /// The namespaces, by name.
    pub namespaces: BTreeMap<String, Namespace>,
}

/// `[database]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:` for the embedded database in the data directory, `sqlite:PATH`, or `postgres://…`.
    #[serde(serialize_with = "without_password")]
    pub url: String,
    /// How many connections look things up.
    pub readers: usize,
    /// How many writes may wait.
    pub queue_max: usize,
    /// How many writes share one flush at the most; on PostgreSQL only refreshes share one.
    pub group_max: usize,
    /// How many connections write. PostgreSQL only.
    pub connections: usize,
    /// Whether statements are prepared once for each connection. PostgreSQL only.
    pub statement_cache: bool,
    /// How long one operation may take, in seconds. PostgreSQL only.
    pub timeout_seconds: u64,
}

/// `[http]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "list::texts")]
    pub trusted_proxies: Vec<String>,
    /// The largest request body, in bytes.
    pub body_max_bytes: usize,
    /// The longest address of a request, in bytes.
    pub uri_max_bytes: usize,
    /// The largest header section of a request, in bytes.
    pub head_max_bytes: usize,
    /// How long one request may take, in seconds.
    pub request_deadline_seconds: u64,
    /// How long a client may take to send its request head, in seconds.
    pub header_timeout_seconds: u64,
    /// How long a client may leave unread what is written to it, in seconds.
    pub write_timeout_seconds: u64,
    /// How many connections there may be at once.
    pub connections_max: usize,
    /// How long a shutdown waits for requests under way, in seconds.
    pub shutdown_grace_seconds: u64,
    /// Where `/metrics` listens; left out: not at all.
    pub metrics_listen: Option<String>,
}

/// `[tls]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain, PEM.
    pub certificate_file: Option<PathBuf>,
    /// Its private key, PEM.
    pub private_key_file: Option<PathBuf>,
    /// How often the files are looked at for a change, in seconds.
    pub reload_seconds: u64,
}

/// `[passwords]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Passwords {
    /// Argon2id memory, in KiB.
    pub argon2_memory_kib: u32,
    /// Argon2id passes.
    pub argon2_iterations: u32,
    /// Argon2id lanes.
    pub argon2_parallelism: u32,
    /// Hashing threads; 0: one per core.
    pub threads: usize,
    /// How many hashes may wait.
    pub queue_max: usize,
    /// A compiled list of breached passwords, beside the one that comes with the program.
    pub filter_file: Option<PathBuf>,
}

/// `[sessions]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// A session ends this long after its last rotation.
    pub idle_seconds: u64,
    /// A session ends this long after its beginning.
    pub absolute_seconds: u64,
    /// How long a replaced refresh token gets its successor again.
    pub refresh_grace_seconds: u64,
    /// How long a bearer chain lives after the last real proof.
    pub bearer_chain_seconds: u64,
    /// How long an access token lives.
    pub access_token_seconds: u64,
    /// How many sessions of one user may live.
    pub max_live: u32,
}

/// `[keys]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// `ES256`, `EdDSA` or `HS256`. Takes effect at the next rotation.
    pub algorithm: String,
    /// How long a signing key signs, in days.
    pub rotation_days: u64,
    /// How long it is published before it signs, in hours.
    pub publish_ahead_hours: u64,
    /// How often this process looks for keys that another rotated, in seconds.
    pub reload_seconds: u64,
}

/// `[api_keys]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeys {
    /// How long a key that was seen working is believed without asking the database, in seconds.
    pub cache_seconds: u64,
    /// How long the secret before goes on working after a rotation, in hours.
    pub rotation_overlap_hours: u64,
}

/// `[idempotency]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Idempotency {
    /// How long a call under an `Idempotency-Key` is remembered, in hours.
    pub keep_hours: u64,
}

/// `[mail]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The mail server: `smtp://user:password@host:587` (STARTTLS) or `smtps://…`.
    #[serde(skip_serializing)]
    pub smtp_url: Option<String>,
    /// The sender.
    pub from: String,
    /// Certificates to trust beside the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Templates that replace ours, file by file.
    pub templates_dir: Option<PathBuf>,
    /// What the mails call the product.
    pub product_name: String,
    /// Where somebody with a question turns to; a line at the end of each mail.
    pub support_hint: Option<String>,
    /// How long a reset link works, in minutes.
    pub reset_valid_minutes: u64,
    /// How long a verification link works, in hours.
    pub verification_valid_hours: u64,
    /// The wait after the first failed delivery, in seconds; it doubles.
    pub retry_base_seconds: u64,
    /// The longest wait, in seconds.
    pub retry_cap_seconds: u64,
    /// How many attempts there are.
    pub attempts_max: u32,
    /// How long connecting may take, in seconds.
    pub connect_timeout_seconds: u64,
    /// How long one command may take, in seconds.
    pub command_timeout_seconds: u64,
    /// How long one delivery may take, in seconds.
    pub delivery_timeout_seconds: u64,
    /// How many deliveries go on at once.
    pub workers: usize,
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Off only for a benchmark.
    pub enabled: bool,
    /// Failed sign-ins from one network address at once.
    pub sign_in_address_burst: u32,
    /// How long until there may be one more, in seconds.
    pub sign_in_address_refill_seconds: u64,
    /// Failed sign-ins to one account from unknown devices before any wait.
    pub account_free: u32,
    /// The first wait, in seconds; it doubles.
    pub account_wait_seconds: u64,
    /// The longest wait, in seconds.
    pub account_wait_max_seconds: u64,
    /// Failures in a row after which there is no further attempt.
    pub account_stop: u32,
    /// How long until such a row is forgotten, in hours.
    pub account_forget_hours: u64,
    /// Failed sign-ins from one known device before any wait.
    pub device_free: u32,
    /// The wait after that, in seconds.
    pub device_wait_seconds: u64,
    /// How long a device is known, in days.
    pub device_known_days: u64,
    /// Sign-ups from one network address at once.
    pub sign_up_address_burst: u32,
    /// How long until there may be one more, in seconds.
    pub sign_up_address_refill_seconds: u64,
    /// How many reset mails one address gets at once.
    pub forgot_password_burst: u32,
    /// How long until it gets one more, in seconds.
    pub forgot_password_refill_seconds: u64,
    /// How many reset mails one network address can order at once.
    pub forgot_password_address_burst: u32,
    /// How long until it can order one more, in seconds.
    pub forgot_password_address_refill_seconds: u64,
    /// How many mails strangers can order in one namespace at once.
    pub mail_namespace_burst: u32,
    /// How long until they can order one more, in seconds.
    pub mail_namespace_refill_seconds: u64,
    /// Wrong reset tokens from one network address at once.
    pub reset_address_burst: u32,
    /// How long until there may be one more, in seconds.
    pub reset_address_refill_seconds: u64,
    /// Refused refreshes from one network address at once.
    pub refresh_address_burst: u32,
    /// How long until there may be one more, in seconds.
    pub refresh_address_refill_seconds: u64,
    /// How many keys of each kind are remembered at the most.
    pub entries_max: usize,
}

/// `[retention]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionDays {
    /// Sessions and resets after their end.
    pub sessions_days: u64,
    /// Sent mail orders.
    pub mail_days: u64,
    /// Audit events.
    pub audit_days: u64,
    /// How often the purge runs, in seconds.
    pub purge_seconds: u64,
}

/// `[docs]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Docs {
    /// Whether `/docs` is served.
    pub enabled: bool,
    /// Whether the interactive console is.
    pub console: bool,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `text` or `json`.
    pub format: String,
    /// A tracing filter, such as `info` or `info,minbil_auth_http=debug`.
    pub level: String,
}

/// `[namespaces.<name>]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Namespace {
    /// What the documentation calls it.
    #[serde(default)]
    pub title: Option<String>,
    /// Pages that may call it from a browser and hold its cookie.
    #[serde(default, deserialize_with = "list::texts")]
    pub allowed_origins: Vec<String>,
    /// Whether any page of the same site may use the cookie.
    #[serde(default)]
    pub same_site_is_allowed: bool,
    /// Where reset links may lead, beside the server's own page.
    #[serde(default, deserialize_with = "list::texts")]
    pub redirect_to: Vec<String>,
    /// `off` or `required`: whether an address must be proved before its account is used.
    #[serde(default = "off")]
    pub email_verification: String,
    /// Where verification links may lead, beside the server's own page.
    #[serde(default, deserialize_with = "list::texts")]
    pub verify_redirect_to: Vec<String>,
    /// Whether owners hear of sign-ins from new devices.
    #[serde(default = "yes")]
    pub new_device_mails: bool,
    /// Whether bodies carry refresh tokens.
    #[serde(default = "yes")]
    pub refresh_tokens_in_bodies: bool,
    /// Whether applications have to show an API key.
    #[serde(default)]
    pub api_key_required: bool,
    /// The fewest characters of a new password.
    #[serde(default = "password_min")]
    pub password_min: usize,
    /// The language of mails when the client names none.
    #[serde(default = "english")]
    pub locale: String,
    /// What differs from `[sessions]` here.
    #[serde(default)]
    pub sessions: SessionOverrides,
}

/// `[namespaces.<name>.sessions]`: every key as in `[sessions]`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionOverrides {
    /// See [`Sessions`].
    pub idle_seconds: Option<u64>,
    /// See [`Sessions`].
    pub absolute_seconds: Option<u64>,
    /// See [`Sessions`].
    pub refresh_grace_seconds: Option<u64>,
    /// See [`Sessions`].
    pub bearer_chain_seconds: Option<u64>,
    /// See [`Sessions`].
    pub access_token_seconds: Option<u64>,
    /// See [`Sessions`].
    pub max_live: Option<u32>,
}

fn without_password<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&store_postgres::redacted(url))
}

const fn yes() -> bool {
    true
}

const fn password_min() -> usize {
    domain::password::PASSWORD_MIN_FLOOR
}

fn off() -> String {
    domain::account::EmailVerification::Off.name().to_owned()
}

fn english() -> String {
    "en".to_owned()
}
