//! Does the configuration make sense? All of it is checked, and everything that is wrong is said at once.

mod limits;
mod namespaces;

use super::schema::Config;
use super::settings::{DatabasePlace, MailRoute, Mode, RootKeySource, Settings, TlsFiles, origin_of};
use app::outbox::RetryPolicy;
use app::ports::keys::SigningAlgorithm;
use app::ports::store::Retention;
use app::rotate_signing_keys::KeyRotation;
use crypto::{HashingParameters, RootKeys};
use domain::secret::SecretText;
use mail::SmtpOptions;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use store_postgres::{DatabaseAddress, redacted};
use tracing_subscriber::EnvFilter;
use url::Url;

const DAY: u64 = 24 * 3600;
/// 100 years: past that a number of seconds is a slip of the pen.
const SECONDS_MAX: u64 = 100 * 365 * DAY;

/// Collects what is wrong.
struct Findings(Vec<String>);

impl Findings {
    fn say(&mut self, key: &str, value: &str, right: &str) {
        self.0.push(format!("{key} = {value:?}: {right}"));
    }

    fn range(&mut self, key: &str, value: u64, least: u64, most: u64) {
        if !(least..=most).contains(&value) {
            self.say(key, &value.to_string(), &format!("a whole number from {least} to {most}"));
        }
    }
}

/// Checks the whole configuration.
///
/// # Errors
/// One sentence per finding: the key, the value, and what would be right.
pub(super) fn check(config: Config) -> Result<Settings, Vec<String>> {
    let mut findings = Findings(Vec::new());
    let f = &mut findings;
    let mode = mode(&config, f);
    let listen = listeners(&config.listen, f);
    let tls = tls(&config, f);
    let base_url = base_url(&config, mode, &listen, tls.is_some(), f);
    numbers(&config, f);
    if mode == Mode::Development {
        loopback_only(&listen, &base_url, f);
    }
    let namespaces = namespaces::namespaces(&config, &base_url, f);
    let algorithm = SigningAlgorithm::from_name(&config.keys.algorithm);
    if algorithm.is_none() {
        f.say("keys.algorithm", &config.keys.algorithm, "ES256, EdDSA or HS256");
    }
    let settings = Settings {
        mode,
        own_origins: own_origins(mode, &listen, &base_url),
        base_url,
        listen,
        metrics_listen: config.http.metrics_listen.as_ref().and_then(|text| metrics_listener(text, f)),
        data_dir: config.data_dir.clone(),
        database: database(&config, f),
        root_key: root_key(&config, mode, f),
        tls,
        hashing: hashing(&config, mode, f),
        mail: mail_route(&config, mode, f),
        mail_retry: RetryPolicy {
            base: Duration::from_secs(config.mail.retry_base_seconds),
            cap: Duration::from_secs(config.mail.retry_cap_seconds),
            attempts_max: config.mail.attempts_max,
        },
        mail_lease: Duration::from_secs(config.mail.delivery_timeout_seconds.saturating_mul(2)),
        signing_algorithm: algorithm.unwrap_or(SigningAlgorithm::Es256),
        key_rotation: KeyRotation {
            period: Duration::from_secs(config.keys.rotation_days.saturating_mul(DAY)),
            publish_ahead: Duration::from_secs(config.keys.publish_ahead_hours.saturating_mul(3600)),
        },
        api_key_overlap: Duration::from_secs(config.api_keys.rotation_overlap_hours.saturating_mul(3600)),
        retention: Retention {
            sessions: Duration::from_secs(config.retention.sessions_days.saturating_mul(DAY)),
            mail: Duration::from_secs(config.retention.mail_days.saturating_mul(DAY)),
            audit: Duration::from_secs(config.retention.audit_days.saturating_mul(DAY)),
        },
        limits: limits::limits(&config.limits, f),
        trusted_proxies: limits::trusted_proxies(&config.http.trusted_proxies, f),
        namespaces,
        written: config,
    };
    if findings.0.is_empty() { Ok(settings) } else { Err(findings.0) }
}

fn mode(config: &Config, f: &mut Findings) -> Mode {
    match config.mode.as_str() {
        "production" => Mode::Production,
        "development" => Mode::Development,
        other => {
            f.say("mode", other, "development or production");
            Mode::Development
        }
    }
}

fn listeners(written: &[String], f: &mut Findings) -> Vec<SocketAddr> {
    if written.is_empty() {
        f.say("listen", "", "at least one address, such as 127.0.0.1:5000");
    }
    let mut addresses = Vec::new();
    for text in written {
        match text.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => f.say("listen", text, "an IP address and a port, such as 127.0.0.1:5000 or [::1]:5000"),
        }
    }
    addresses
}

fn metrics_listener(text: &str, f: &mut Findings) -> Option<SocketAddr> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Some(address),
        _ => {
            let right = "a loopback address and a port, such as 127.0.0.1:9464: metrics are for this machine";
            f.say("http.metrics_listen", text, right);
            None
        }
    }
}

fn tls(config: &Config, f: &mut Findings) -> Option<TlsFiles> {
    match (&config.tls.certificate_file, &config.tls.private_key_file) {
        (Some(certificate), Some(private_key)) => Some(TlsFiles {
            certificate: certificate.clone(),
            private_key: private_key.clone(),
            reload: Duration::from_secs(config.tls.reload_seconds.max(1)),
        }),
        (None, None) => None,
        (Some(path), None) | (None, Some(path)) => {
            let path = path.display().to_string();
            f.say("tls", &path, "certificate_file and private_key_file go together");
            None
        }
    }
}

fn base_url(config: &Config, mode: Mode, listen: &[SocketAddr], has_tls: bool, f: &mut Findings) -> String {
    let Some(written) = config.base_url.as_deref().filter(|text| !text.is_empty()) else {
        if mode == Mode::Production {
            f.say(
                "base_url",
                "",
                "production needs the address that clients use, such as https://api.example.com",
            );
        }
        let scheme = if has_tls { "https" } else { "http" };
        let port = listen.first().map_or(5000, SocketAddr::port);
        return format!("{scheme}://localhost:{port}");
    };
    let right = "an absolute address without path, query or user, https:// in production";
    match Url::parse(written) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && (mode == Mode::Development || url.scheme() == "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none() => {}
        _ => f.say("base_url", written, right),
    }
    written.trim_end_matches('/').to_owned()
}

fn loopback_only(listen: &[SocketAddr], base_url: &str, f: &mut Findings) {
    for address in listen.iter().filter(|address| !address.ip().is_loopback()) {
        let right = "development listens on loopback alone, because its inbox shows reset links; set mode = \"production\"";
        f.say("listen", &address.to_string(), right);
    }
    let host = Url::parse(base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    if let Some(host) = host
        && !matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    {
        f.say("base_url", base_url, "development is for localhost alone; set mode = \"production\"");
    }
}

fn own_origins(mode: Mode, listen: &[SocketAddr], base_url: &str) -> Vec<String> {
    let Ok(base) = Url::parse(base_url) else { return Vec::new() };
    let mut origins = vec![origin_of(&base)];
    if mode == Mode::Development {
        for address in listen {
            for host in ["localhost", "127.0.0.1", "[::1]"] {
                let url = Url::parse(&format!("{}://{host}:{}", base.scheme(), address.port()));
                origins.extend(url.iter().map(origin_of));
            }
        }
    }
    origins.sort();
    origins.dedup();
    origins
}

fn database(config: &Config, f: &mut Findings) -> DatabasePlace {
    let url = &config.database.url;
    match url.strip_prefix("sqlite:") {
        Some("") => DatabasePlace::File(config.data_dir.join("minbil-auth.db")),
        Some(path) => DatabasePlace::File(PathBuf::from(path)),
        None => match DatabaseAddress::parse(url) {
            Ok(address) => DatabasePlace::Postgres(Box::new(address)),
            Err(reason) if DatabaseAddress::is_meant(url) => {
                f.say("database.url", &redacted(url), &reason.to_string());
                DatabasePlace::File(PathBuf::new())
            }
            Err(_) => {
                // A database address may hold a password, so only its scheme is repeated.
                let scheme = url.split(':').next().unwrap_or_default();
                f.say("database.url", scheme, "sqlite:, sqlite:PATH or postgres://user:password@host/name");
                DatabasePlace::File(PathBuf::new())
            }
        },
    }
}

fn root_key(config: &Config, mode: Mode, f: &mut Findings) -> RootKeySource {
    match (&config.root_key, &config.root_key_file, mode) {
        (Some(text), None, _) => {
            if let Err(reason) = RootKeys::parse(text) {
                f.say("root_key", "…", &reason.to_string());
            }
            RootKeySource::Text(SecretText::new(text.clone()))
        }
        (Some(_), Some(path), _) => {
            let path = path.display().to_string();
            f.say("root_key_file", &path, "give either root_key or root_key_file");
            RootKeySource::File(PathBuf::new())
        }
        (None, Some(path), _) => RootKeySource::File(path.clone()),
        (None, None, Mode::Development) => RootKeySource::Generated(config.data_dir.join("root.key")),
        (None, None, Mode::Production) => {
            f.say("root_key_file", "", "production needs a root key; `minbil-auth key new-root` makes one");
            RootKeySource::File(PathBuf::new())
        }
    }
}

/// Production keeps the published floor; development may hash as cheaply as a test needs.
fn hashing(config: &Config, mode: Mode, f: &mut Findings) -> HashingParameters {
    let written = &config.passwords;
    let (memory, passes, lanes) =
        (written.argon2_memory_kib, written.argon2_iterations, written.argon2_parallelism);
    let parameters = match mode {
        Mode::Production => HashingParameters::new(memory, passes, lanes),
        Mode::Development => HashingParameters::for_development(memory, passes, lanes),
    };
    parameters.unwrap_or_else(|rejected| {
        f.say("passwords.argon2_*", &format!("m={memory} t={passes} p={lanes}"), &rejected.to_string());
        HashingParameters::default()
    })
}

fn mail_route(config: &Config, mode: Mode, f: &mut Findings) -> MailRoute {
    match (config.mail.smtp_url.as_deref().filter(|url| !url.is_empty()), mode) {
        (Some(url), _) => {
            // The address holds a password, so the reason alone is repeated.
            if let Err(reason) = SmtpOptions::parse(url, &config.mail.from) {
                f.say("mail.smtp_url, mail.from", "…", &reason.to_string());
            }
            MailRoute::Smtp(SecretText::new(url.to_owned()))
        }
        (None, Mode::Development) => MailRoute::Caught,
        (None, Mode::Production) => {
            f.say(
                "mail.smtp_url",
                "",
                "production needs a mail server, such as smtp://user:password@host:587",
            );
            MailRoute::Caught
        }
    }
}

fn numbers(config: &Config, f: &mut Findings) {
    let rows: &[(&str, u64, u64, u64)] = &[
        ("database.readers", config.database.readers as u64, 1, 64),
        ("database.queue_max", config.database.queue_max as u64, 1, 1_000_000),
        ("database.group_max", config.database.group_max as u64, 1, 10_000),
        ("database.connections", config.database.connections as u64, 1, 1000),
        ("database.timeout_seconds", config.database.timeout_seconds, 1, 300),
        ("http.body_max_bytes", config.http.body_max_bytes as u64, 4096, 1 << 20),
        ("http.uri_max_bytes", config.http.uri_max_bytes as u64, 1024, 1 << 16),
        ("http.head_max_bytes", config.http.head_max_bytes as u64, 8192, 1 << 18),
        ("http.request_deadline_seconds", config.http.request_deadline_seconds, 1, 600),
        ("http.header_timeout_seconds", config.http.header_timeout_seconds, 1, 600),
        ("http.write_timeout_seconds", config.http.write_timeout_seconds, 1, 600),
        ("http.connections_max", config.http.connections_max as u64, 1, 1_000_000),
        ("http.shutdown_grace_seconds", config.http.shutdown_grace_seconds, 0, 600),
        ("passwords.threads", config.passwords.threads as u64, 0, 256),
        ("passwords.queue_max", config.passwords.queue_max as u64, 0, 100_000),
        ("keys.rotation_days", config.keys.rotation_days, 1, 3650),
        ("keys.publish_ahead_hours", config.keys.publish_ahead_hours, 0, 720),
        ("keys.reload_seconds", config.keys.reload_seconds, 1, 3600),
        ("api_keys.cache_seconds", config.api_keys.cache_seconds, 0, 300),
        ("api_keys.rotation_overlap_hours", config.api_keys.rotation_overlap_hours, 0, 24 * 90),
        ("idempotency.keep_hours", config.idempotency.keep_hours, 1, 24 * 30),
        ("mail.reset_valid_minutes", config.mail.reset_valid_minutes, 1, 24 * 60),
        ("mail.verification_valid_hours", config.mail.verification_valid_hours, 1, 7 * 24),
        ("mail.retry_base_seconds", config.mail.retry_base_seconds, 1, DAY),
        ("mail.retry_cap_seconds", config.mail.retry_cap_seconds, 1, DAY),
        ("mail.attempts_max", u64::from(config.mail.attempts_max), 1, 1000),
        ("mail.connect_timeout_seconds", config.mail.connect_timeout_seconds, 1, 600),
        ("mail.command_timeout_seconds", config.mail.command_timeout_seconds, 1, 600),
        ("mail.delivery_timeout_seconds", config.mail.delivery_timeout_seconds, 1, 3600),
        ("mail.workers", config.mail.workers as u64, 1, 64),
    ];
    for (key, value, least, most) in rows {
        f.range(key, *value, *least, *most);
    }
    for (key, days) in [
        ("retention.sessions_days", config.retention.sessions_days),
        ("retention.mail_days", config.retention.mail_days),
        ("retention.audit_days", config.retention.audit_days),
    ] {
        f.range(key, days, 0, 36_500);
    }
    f.range("retention.purge_seconds", config.retention.purge_seconds, 1, DAY);
    if let Err(reason) = EnvFilter::try_new(&config.log.level) {
        f.say(
            "log.level",
            &config.log.level,
            &format!("a filter, such as info or warn,minbil_auth_http=debug: {reason}"),
        );
    }
    if !matches!(config.log.format.as_str(), "text" | "json") {
        f.say("log.format", &config.log.format, "text or json");
    }
}
