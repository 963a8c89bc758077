//! The switchboard: which adapter stands behind which port.

use crate::config::settings::{DatabasePlace, MailRoute, Mode, NamespaceSettings, RootKeySource, Settings};
use crate::database::Database;
use crate::limiter::{LocalLimiter, NoLimiter};
pub use crate::outside::Outside;
use anyhow::Context as _;
use app::api_key_cache::ApiKeyCache;
use app::ports::clock::{Clock, Entropy};
use app::ports::limiter::Limiter;
use app::ports::mailer::Mailer;
use app::running_calls::RunningCalls;
use app::service::{Namespace, Service};
use crypto::{
    AuditMacs, BreachedPasswords, HashingOptions, HashingPool, Issuer, RootKeys, SigningKeyring, TokenMacs,
};
use domain::secret::SecretText;
use http_api::Metrics;
use mail::{CaughtMail, SmtpMailer, SmtpOptions, SmtpTimeLimits, TemplateOptions, TemplateWriter};
use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::time::Duration;

/// Everything that was joined.
pub struct Wired {
    /// The service.
    pub service: Arc<Service>,
    /// The database itself, to be closed at the end.
    pub database: Database,
    /// The metrics behind the telemetry port.
    pub metrics: Arc<Metrics>,
    /// The development inbox, where mail is caught.
    pub inbox: Option<Arc<CaughtMail>>,
}

/// Opens what must be open and joins it.
///
/// # Errors
/// When the data directory, the root key, the database, a template or the mail settings cannot be used.
pub async fn wire(settings: &Settings, outside: Outside) -> anyhow::Result<Wired> {
    make_data_dir(settings)?;
    let root = root_keys(settings)?;
    let database = Database::open(settings, &outside).await?;
    let Outside { clock, entropy } = outside;
    let store = database.store();
    app::prepare::check_root_keys(store.as_ref(), &root.fingerprints()).await?;
    let metrics = Arc::new(Metrics::new());
    database.watch(&metrics);
    let (mailer, inbox) = mailer(settings, &clock)?;
    let keyring = Arc::new(keyring(settings, &root, &clock, &entropy));
    let service = Service {
        store,
        hasher: Arc::new(HashingPool::start(hashing_options(settings), &root, Arc::clone(&entropy))?),
        blocklist: Arc::new(blocklist(settings)?),
        macs: Arc::new(TokenMacs::new(&root)),
        chain_mac: Arc::new(AuditMacs::new(&root)),
        access_tokens: Arc::clone(&keyring) as _,
        signing_keys: keyring,
        limiter: limiter(settings, &database, &clock),
        address_limiter: address_limiter(settings, &clock),
        limits: settings.limits,
        refused_calls: Arc::default(),
        gates: Arc::default(),
        running_calls: RunningCalls::new(hours(settings.written.idempotency.keep_hours)),
        api_keys: ApiKeyCache::new(Duration::from_secs(settings.written.api_keys.cache_seconds)),
        mail_writer: Arc::new(template_writer(settings)?),
        mailer,
        clock,
        entropy,
        telemetry: Arc::clone(&metrics) as _,
        namespaces: namespaces(settings),
    };
    Ok(Wired { service: Arc::new(service), database, metrics, inbox })
}

const fn hours(count: u64) -> Duration {
    Duration::from_secs(count.saturating_mul(3600))
}

/// What must be true before the first request.
///
/// # Errors
/// When a decoy or a signing key cannot be made.
pub async fn prepare(service: &Service, settings: &Settings) -> anyhow::Result<()> {
    app::prepare::ensure_decoys(service).await?;
    app::rotate_signing_keys::maintain(service, settings.key_rotation).await?;
    Ok(())
}

/// Makes the data directory, which nobody else may look into.
///
/// # Errors
/// When it cannot be made.
pub fn make_data_dir(settings: &Settings) -> anyhow::Result<()> {
    let dir = &settings.data_dir;
    // A server whose database and root key are elsewhere keeps nothing of its own.
    let is_needed = matches!(settings.database, DatabasePlace::File(_))
        || matches!(settings.root_key, RootKeySource::Generated(_));
    if dir.is_dir() || !is_needed {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make the data directory {}", dir.display()))
}

/// The root keys that the configuration names.
///
/// # Errors
/// When they cannot be read.
pub fn root_keys(settings: &Settings) -> anyhow::Result<RootKeys> {
    match &settings.root_key {
        RootKeySource::Text(text) => RootKeys::parse(text.expose()).context("root_key"),
        RootKeySource::File(path) => RootKeys::load(path).context("root_key_file"),
        RootKeySource::Generated(path) if path.exists() => RootKeys::load(path).context("the root key"),
        RootKeySource::Generated(path) => RootKeys::create(path).context("the root key"),
    }
}

fn hashing_options(settings: &Settings) -> HashingOptions {
    let written = &settings.written.passwords;
    HashingOptions {
        parameters: settings.hashing,
        threads: written.threads,
        queue_max: written.queue_max,
        ..HashingOptions::default()
    }
}

fn blocklist(settings: &Settings) -> anyhow::Result<BreachedPasswords> {
    let file = settings.written.passwords.filter_file.as_deref();
    BreachedPasswords::open(file).with_context(|| {
        let file = file.map_or_else(String::new, |file| file.display().to_string());
        format!("passwords.filter_file: cannot use {file}")
    })
}

fn keyring(
    settings: &Settings,
    root: &RootKeys,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> SigningKeyring {
    let issuers = settings
        .namespaces
        .keys()
        .map(|name| {
            let url = format!("{}/api/{name}", settings.base_url);
            (name.clone(), Issuer { url, algorithm: settings.signing_algorithm })
        })
        .collect();
    SigningKeyring::new(root, issuers, Arc::clone(clock), Arc::clone(entropy))
}

fn limiter(settings: &Settings, database: &Database, clock: &Arc<dyn Clock>) -> Arc<dyn Limiter> {
    if settings.written.limits.enabled {
        database.limiter().unwrap_or_else(|| local_limiter(settings, clock))
    } else {
        tracing::warn!("limits.enabled = false: anybody can guess any number of passwords");
        Arc::new(NoLimiter)
    }
}

/// In development every client is this machine, so its address says nothing about who they are.
fn address_limiter(settings: &Settings, clock: &Arc<dyn Clock>) -> Arc<dyn Limiter> {
    if settings.written.limits.enabled && settings.mode == Mode::Production {
        local_limiter(settings, clock)
    } else {
        Arc::new(NoLimiter)
    }
}

fn local_limiter(settings: &Settings, clock: &Arc<dyn Clock>) -> Arc<dyn Limiter> {
    Arc::new(LocalLimiter::new(Arc::clone(clock), settings.written.limits.entries_max))
}

fn template_writer(settings: &Settings) -> anyhow::Result<TemplateWriter> {
    let written = &settings.written.mail;
    let options = TemplateOptions {
        override_dir: written.templates_dir.clone(),
        product_name: written.product_name.clone(),
        support_hint: written.support_hint.clone(),
    };
    TemplateWriter::new(options).context("mail.templates_dir")
}

type MailerAndInbox = (Arc<dyn Mailer>, Option<Arc<CaughtMail>>);

fn mailer(settings: &Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<MailerAndInbox> {
    match &settings.mail {
        MailRoute::Caught => {
            let caught = Arc::new(CaughtMail::new(Arc::clone(clock)));
            Ok((Arc::clone(&caught) as _, Some(caught)))
        }
        MailRoute::Smtp(url) => Ok((Arc::new(smtp_mailer(settings, url, clock)?), None)),
    }
}

/// What hands mails to the mail server of the configuration.
///
/// # Errors
/// When the settings cannot be used.
pub fn smtp_mailer(
    settings: &Settings,
    url: &SecretText,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<SmtpMailer> {
    let written = &settings.written.mail;
    let limits = SmtpTimeLimits {
        connect: Duration::from_secs(written.connect_timeout_seconds),
        command: Duration::from_secs(written.command_timeout_seconds),
        delivery: Duration::from_secs(written.delivery_timeout_seconds),
    };
    let options = SmtpOptions::parse(url.expose(), &written.from)
        .context("mail.smtp_url, mail.from")?
        .with_ca_file(written.ca_file.clone())
        .with_time_limits(limits);
    SmtpMailer::new(options, Arc::clone(clock)).context("mail")
}

fn namespaces(settings: &Settings) -> BTreeMap<domain::namespace::NamespaceName, Arc<Namespace>> {
    let valid_for = Duration::from_secs(settings.written.mail.reset_valid_minutes.saturating_mul(60));
    let hours = settings.written.mail.verification_valid_hours;
    let verification_valid_for = Duration::from_secs(hours.saturating_mul(3600));
    let namespace = |name: &domain::namespace::NamespaceName, of: &NamespaceSettings| Namespace {
        name: name.clone(),
        sessions: of.sessions,
        access_token_ttl: of.access_token_ttl,
        refresh_tokens_in_bodies: of.refresh_tokens_in_bodies,
        api_key_required: of.api_key_required,
        password_min: of.password_min,
        context_words: context_words(settings, name, of),
        redirects: of.redirects.clone(),
        reset_page: of.reset_page.clone(),
        reset_valid_for: valid_for,
        email_verification: of.email_verification,
        verify_redirects: of.verify_redirects.clone(),
        verify_page: of.verify_page.clone(),
        verification_valid_for,
        new_device_mails: of.new_device_mails,
        forgot_password_budget: of.forgot_password_budget,
        locale: of.locale,
    };
    settings.namespaces.iter().map(|(name, of)| (name.clone(), Arc::new(namespace(name, of)))).collect()
}

/// What everybody knows of this server: a password made of it is none.
fn context_words(
    settings: &Settings,
    name: &domain::namespace::NamespaceName,
    of: &NamespaceSettings,
) -> Vec<String> {
    let host = url::Url::parse(&settings.base_url).ok();
    let host = host.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    // The last label is `com` or `no`.
    let labels = host.rsplit('.').skip(1).map(str::to_owned);
    let product = settings.written.mail.product_name.clone();
    [product, of.title.clone(), name.to_string(), host.to_owned()].into_iter().chain(labels).collect()
}
