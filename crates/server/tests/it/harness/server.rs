//! The server under test: joined as the binary joins it.

use super::call::Client;
use super::doubles::OrderedIds;
use super::log::{logged, logged_since};
use super::mail::{CollectedMail, Letter};
use super::setup::Setup;
use super::site::Site;
use super::watch::Watch;
use app::audit::AuditContext;
use app::deliver_mail::{MailWork, deliver_next};
use app::ports::mailer::Delivery;
use app::ports::password_hasher::HashPermit;
use app::ports::store::{AccountKey, AuditRow};
use app::service::Service;
use axum::body::Body;
use crypto::HashingParameters;
use domain::account::{AccountStatus, User};
use domain::email_address::EmailAddress;
use domain::namespace::NamespaceName;
use http_api::Metrics;
use minbil_auth::config::{self, Overrides, settings::Settings};
use minbil_auth::surface;
use minbil_auth::wire::{self, Outside, Wired};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use testkit::FakeClock;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How many audit events a test looks at.
const EVENTS_MAX: u32 = 10_000;

/// A server on a database of its own.
pub struct TestServer {
    pub co: Site,
    pub ws: Site,
    pub clock: Arc<FakeClock>,
    pub service: Arc<Service>,
    pub settings: Settings,
    pub stop: CancellationToken,
    pub metrics: Arc<Metrics>,
    store: Arc<SqliteStore>,
    mail: Arc<CollectedMail>,
    setup_environment: std::collections::HashMap<String, String>,
    data: TempDir,
    examines_mail: bool,
    watch: Arc<Watch>,
    log_start: usize,
    leaks: bool,
}

impl Deref for TestServer {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.co
    }
}

impl TestServer {
    /// Starts one as production is.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts one.
    pub async fn with(setup: Setup) -> Self {
        Self::on(tempfile::tempdir().unwrap(), Arc::new(FakeClock::default()), setup).await
    }

    async fn on(data: TempDir, clock: Arc<FakeClock>, setup: Setup) -> Self {
        let log_start = logged();
        let watch = Arc::new(Watch::default());
        if let Some(root) = setup.environment.get("MINBIL_AUTH_ROOT_KEY") {
            root.split_whitespace().for_each(|word| watch.secret(word));
        }
        let overrides = Overrides { data_dir: Some(data.path().to_owned()), ..Overrides::default() };
        let loaded = config::load(&overrides, &setup.environment);
        let mut settings = loaded.unwrap_or_else(|error| panic!("{error}"));
        if !setup.real_hashing {
            settings.hashing = HashingParameters::minimal_for_tests();
        }
        let outside = Outside { clock: Arc::clone(&clock) as _, entropy: Arc::new(OrderedIds::default()) };
        let mut wired = wire::wire(&settings, outside).await.unwrap();
        wire::prepare(&wired.service, &settings).await.unwrap();
        let mail = Arc::new(CollectedMail::default());
        wired.service = Arc::new(exchanged(wired.service, &mail, setup.change));
        let stop = CancellationToken::new();
        let client = client(&settings, &wired, &stop, &watch);
        let site = |namespace| Site { client: client.clone(), namespace };
        Self {
            co: site("co"),
            ws: site("ws"),
            clock,
            service: wired.service,
            stop,
            metrics: wired.metrics,
            store: embedded(wired.database),
            mail,
            setup_environment: setup.environment,
            data,
            settings,
            examines_mail: true,
            watch,
            log_start,
            leaks: false,
        }
    }

    /// Stops it and starts it again a second later on the same database, with `changed` keys.
    pub async fn restart(mut self, changed: &[(&str, &str)]) -> Self {
        self.store.close().await.unwrap();
        self.advance(Duration::from_secs(1));
        self.examines_mail = false;
        let mut setup =
            Setup { environment: self.setup_environment.clone(), ..Setup::default() }.real_hashing();
        for (key, value) in changed {
            setup = setup.with(key, value);
        }
        let data = std::mem::replace(&mut self.data, tempfile::tempdir().unwrap());
        Self::on(data, Arc::clone(&self.clock), setup).await
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// Delivers everything that is due, and hands it to the test, which is to look at it.
    #[must_use = "mail that is not looked at proves nothing"]
    pub async fn deliver_mail(&self) -> Vec<Letter> {
        let work = MailWork { lease: self.settings.mail_lease, retry: self.settings.mail_retry };
        while deliver_next(&self.service, work).await.unwrap() {}
        let letters = self.mail.take();
        let mailed = letters.iter().filter_map(|letter| letter.text.split_once("#token="));
        mailed.for_each(|(_, rest)| self.watch.secret(rest.split_whitespace().next().unwrap_or_default()));
        letters
    }

    /// Delivers everything that is due: exactly one mail.
    pub async fn one_letter(&self) -> Letter {
        let mut letters = self.deliver_mail().await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        letters.remove(0)
    }

    /// Asks for a reset mail in `co` and takes the token out of it.
    pub async fn reset_token(&self, email: &str) -> String {
        self.forgot(email).await.ok();
        self.one_letter().await.token()
    }

    /// The mail server answers the next delivery so.
    pub fn mail_server_answers(&self, delivery: Delivery) {
        self.mail.answer_next(delivery);
    }

    /// Takes every place in the hashing queue, for as long as they are held.
    pub fn fill_hashing_queue(&self) -> Vec<HashPermit> {
        std::iter::from_fn(|| self.service.hasher.admit().ok()).collect()
    }

    /// This test is about something else than mail.
    pub fn ignore_mail(&mut self) {
        self.examines_mail = false;
    }

    /// Every secret of this server's clients that stands where it must not.
    pub fn leaks(&self) -> Vec<String> {
        let mut found = self.watch.found_below(self.data.path());
        let places = [
            ("the log", logged_since(self.log_start)),
            ("the metrics", self.metrics.text().unwrap_or_default().into_bytes()),
        ];
        for (place, bytes) in places {
            found.extend(self.watch.found_in(&bytes).into_iter().map(|form| format!("{form} in {place}")));
        }
        found
    }

    /// This test leaks on purpose.
    pub fn expect_leaks(&mut self) {
        self.leaks = true;
    }

    /// An account of `co`.
    pub async fn user(&self, email: &str) -> User {
        let key = AccountKey::Email(EmailAddress::parse(email).unwrap());
        self.service.store.find_account(&name("co"), &key).await.unwrap().unwrap()
    }

    /// Switches an account of `co` off or on, as an operator does.
    pub async fn set_status(&self, email: &str, status: AccountStatus) {
        let user = self.user(email).await;
        let audit = AuditContext::operator();
        self.service.store.set_status(&user.namespace, user.id, status, audit).await.unwrap();
    }

    /// Deletes an account of `co`, as an operator does.
    pub async fn delete_account(&self, email: &str) {
        let user = self.user(email).await;
        let audit = AuditContext::operator();
        assert!(self.service.store.delete_account(&user.namespace, user.id, audit).await.unwrap());
    }

    /// The audit log, oldest first.
    pub async fn events(&self) -> Vec<AuditRow> {
        let mut events = self.service.store.list_events(EVENTS_MAX).await.unwrap();
        events.reverse();
        events
    }

    /// The names of the audit log's events, oldest first, without what is done with keys.
    pub async fn event_names(&self) -> Vec<&'static str> {
        let names = self.events().await.into_iter().map(|row| row.kind.name());
        names.filter(|name| !["signing_key_rotated", "root_key_remembered"].contains(name)).collect()
    }

    /// Closes the database under the running server.
    pub async fn take_store_away(&self) {
        self.store.close().await.unwrap();
    }

    /// How many intentions the store has committed.
    pub fn writes(&self) -> u64 {
        self.store.stats().intentions
    }

    /// What the metrics' own listener says.
    pub async fn metrics_text(&self) -> String {
        let router = http_api::metrics_router(Arc::clone(&self.metrics));
        let request = axum::http::Request::get("/metrics").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    /// Where the data lies.
    pub fn data_dir(&self) -> PathBuf {
        self.data.path().to_owned()
    }
}

/// A namespace's name.
pub fn name(text: &str) -> NamespaceName {
    NamespaceName::parse(text).unwrap()
}

fn exchanged(
    service: Arc<Service>,
    mail: &Arc<CollectedMail>,
    change: Option<super::setup::Change>,
) -> Service {
    let mut service = Arc::into_inner(service).expect("nobody else has the service yet");
    service.mailer = Arc::clone(mail) as _;
    if let Some(change) = change {
        change(&mut service);
    }
    service
}

fn client(settings: &Settings, wired: &Wired, stop: &CancellationToken, watch: &Arc<Watch>) -> Client {
    let host = settings.base_url.split("://").nth(1).unwrap().to_owned();
    let is_production = settings.mode == config::settings::Mode::Production;
    Client {
        router: http_api::router(surface::state(settings, wired, stop)),
        host,
        cookie_prefix: if is_production { "__Secure-" } else { "" },
        document: Arc::new(http_api::openapi_document(&surface::options(settings))),
        watch: Arc::clone(watch),
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let leaks = if self.leaks { Vec::new() } else { self.leaks() };
        assert!(leaks.is_empty(), "secrets were written down: {leaks:?}");
        if !self.examines_mail {
            return;
        }
        let store = Arc::clone(&self.store);
        // A runtime of its own: a destructor cannot await, and the test's runtime may be on its way out.
        let look = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(app::ports::store::OutboxStore::list_mail(store.as_ref(), false, 100)).unwrap()
        });
        let left = look.join().unwrap();
        assert!(left.is_empty(), "mail that the test never looked at: {left:?}");
    }
}

fn embedded(database: minbil_auth::database::Database) -> Arc<SqliteStore> {
    match database {
        minbil_auth::database::Database::Embedded(store) => store,
        minbil_auth::database::Database::Shared(_) => panic!("these tests run on the embedded store"),
    }
}
