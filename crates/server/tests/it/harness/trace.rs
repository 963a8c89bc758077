//! What one request does behind the router, step by step: every call of a port with the shape of what it is
//! given and what it gets, every log event, and the answer to the byte.
//!
//! Values are left out where they may differ (an id, a salt, whether a row is the decoy); whatever has a size, an
//! order or a count is in. Events of the threads that hash are not heard: they are not this request's alone.

use super::answer::Answer;
use super::log::hear_this_thread;
use app::fault::Fault;
use app::outbox::MailOrder;
use app::ports::clock::Entropy;
use app::ports::keys::TokenMac;
use app::ports::limiter::{Charged, Limit, LimitKey, Limiter};
use app::ports::password_hasher::{HashPermit, PasswordHasher, QueueFull, SealedPassword, Verification};
use app::ports::store::{Credential, SignUpOutcome};
use app::ports::telemetry::{Signal, Telemetry};
use app::service::Service;
use async_trait::async_trait;
use domain::api_key::{ApiKeySecret, SecretDigest};
use domain::email_address::EmailAddress;
use domain::ids::{OutboxId, UserId};
use domain::namespace::NamespaceName;
use domain::password::Password;
use domain::refresh_token::{MacKeyId, Tag};
use domain::throttle::{Budget, Ladder};
use std::any::Any;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::watched_store::{StoreWatcher, WatchedStore};

/// One step, and how long our own code took between the step before and this one.
#[derive(Clone, Debug)]
pub struct Step {
    pub what: String,
    pub pause: Duration,
}

/// Records the steps of one request at a time.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Option<Open>>>);

struct Open {
    steps: Vec<Step>,
    last: Instant,
}

impl Trace {
    /// Puts itself behind every port that a request can reach.
    pub fn watch(&self, service: &mut Service) {
        let trace = self.clone();
        service.store = Arc::new(WatchedStore::new(Arc::clone(&service.store), Arc::new(trace.clone())));
        service.hasher = Arc::new(Traced { trace: trace.clone(), inner: Arc::clone(&service.hasher) });
        service.macs = Arc::new(Traced { trace: trace.clone(), inner: Arc::clone(&service.macs) });
        service.limiter = Arc::new(Traced { trace: trace.clone(), inner: Arc::clone(&service.limiter) });
        service.entropy = Arc::new(Traced { trace: trace.clone(), inner: Arc::clone(&service.entropy) });
        service.telemetry = Arc::new(Traced { trace, inner: Arc::clone(&service.telemetry) });
    }

    /// The steps of one request, its answer included.
    pub async fn of(&self, request: impl Future<Output = Answer>) -> Vec<Step> {
        let trace = self.clone();
        let heard = hear_this_thread(move |event| trace.step(format!("log {event}")));
        *self.0.lock().unwrap() = Some(Open { steps: Vec::new(), last: Instant::now() });
        let answer = request.await;
        self.step("answer".to_owned());
        drop(heard);
        for line in answer.bytes_but_request_id().lines() {
            self.step(line.to_owned());
        }
        self.0.lock().unwrap().take().unwrap().steps
    }

    fn step(&self, what: String) {
        if let Some(open) = self.0.lock().unwrap().as_mut() {
            open.steps.push(Step { what, pause: open.last.elapsed() });
            open.last = Instant::now();
        }
    }

    /// A step that another part takes its time for: what came of it. The time is that part's, not ours.
    fn came_of(&self, what: String) {
        if let Some(open) = self.0.lock().unwrap().as_mut() {
            open.steps.push(Step { what, pause: Duration::ZERO });
            open.last = Instant::now();
        }
    }

    fn is_open(&self) -> bool {
        self.0.lock().unwrap().is_some()
    }
}

#[async_trait]
impl StoreWatcher for Trace {
    async fn before(&self, method: &'static str, order: Option<&MailOrder>) {
        let size = match order.map(|order| order.subject.address()) {
            Some(Some((email, target))) => {
                format!(": {} bytes of address, {} of target", email.as_str().len(), target.as_str().len())
            }
            Some(None) => ": a notice".to_owned(),
            None => String::new(),
        };
        self.step(format!("store.{method}{size}"));
    }

    fn after(&self, method: &'static str, result: &dyn Any) {
        if self.is_open() {
            self.came_of(format!("store.{method} -> {}", shape(method, result)));
        }
    }
}

/// Rows and sizes of a result.
fn shape(method: &str, result: &dyn Any) -> String {
    fn of<T: 'static>(result: &dyn Any, read: impl Fn(&T) -> String) -> Option<String> {
        let result = result.downcast_ref::<Result<T, Fault>>()?;
        Some(result.as_ref().map_or_else(|fault| format!("fault: {fault}"), read))
    }
    let row = |found: &Credential| format!("one row, {} bytes of hash", found.password.0.len());
    let decoy = |found: &Option<(UserId, SealedPassword)>| format!("{} rows", found.iter().count());
    of(result, |(): &()| "done".to_owned())
        .or_else(|| of(result, row))
        .or_else(|| of(result, |found: &Option<Credential>| found.as_ref().map_or("no row".to_owned(), row)))
        .or_else(|| of(result, decoy))
        .or_else(|| of(result, |_: &OutboxId| "one row".to_owned()))
        // Which of the two it is, is what the steps must not tell.
        .or_else(|| of(result, |_: &SignUpOutcome| "an outcome".to_owned()))
        .unwrap_or_else(|| panic!("the trace cannot read what store.{method} gives"))
}

/// A port with the trace before it.
struct Traced<P: ?Sized> {
    trace: Trace,
    inner: Arc<P>,
}

#[async_trait]
impl PasswordHasher for Traced<dyn PasswordHasher> {
    fn admit(&self) -> Result<HashPermit, QueueFull> {
        let admitted = self.inner.admit();
        self.trace.step(format!("hasher.admit -> {}", if admitted.is_ok() { "a place" } else { "full" }));
        admitted
    }

    async fn hash(
        &self,
        permit: HashPermit,
        namespace: &NamespaceName,
        user: UserId,
        password: Password,
    ) -> Result<SealedPassword, Fault> {
        self.trace.step(format!("hasher.hash: {}", length_class(&password)));
        let hashed = self.inner.hash(permit, namespace, user, password).await;
        self.trace.came_of("hasher.hash -> a hash".to_owned());
        hashed
    }

    async fn verify(
        &self,
        permit: HashPermit,
        namespace: &NamespaceName,
        user: UserId,
        password: Password,
        stored: SealedPassword,
    ) -> Result<Verification, Fault> {
        // Parameters, algorithm and pepper key are sealed; the hasher says whether they are today's.
        let is_current = self.inner.is_current(namespace, user, &stored);
        let cost = if is_current { "today's" } else { "other" };
        self.trace.step(format!(
            "hasher.verify: {}, {cost} parameters, {} bytes of hash",
            length_class(&password),
            stored.0.len()
        ));
        let verified = self.inner.verify(permit, namespace, user, password, stored).await;
        let replaces = verified.as_ref().is_ok_and(|verified| verified.replacement.is_some());
        self.trace.came_of(format!("hasher.verify -> replaces the hash: {replaces}"));
        verified
    }

    fn is_current(&self, namespace: &NamespaceName, user: UserId, stored: &SealedPassword) -> bool {
        self.inner.is_current(namespace, user, stored)
    }

    fn import(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        foreign: &str,
    ) -> Result<SealedPassword, String> {
        self.inner.import(namespace, user, foreign)
    }
}

/// Argon2 takes its input in blocks of 128 bytes.
fn length_class(password: &Password) -> String {
    format!("{} blocks of password", password.expose().len().div_ceil(128))
}

impl TokenMac for Traced<dyn TokenMac> {
    fn current_key(&self) -> MacKeyId {
        self.trace.step("macs.current_key".to_owned());
        self.inner.current_key()
    }

    fn tag(&self, key: MacKeyId, message: &[u8]) -> Option<Tag> {
        self.trace.step(format!("macs.tag: {} bytes", message.len()));
        self.inner.tag(key, message)
    }

    fn is_genuine(&self, key: MacKeyId, message: &[u8], tag: &Tag) -> bool {
        self.trace.step(format!("macs.is_genuine: {} bytes", message.len()));
        self.inner.is_genuine(key, message, tag)
    }

    fn limiter_key(&self, namespace: &NamespaceName, email: &EmailAddress) -> [u8; 32] {
        self.trace.step(format!("macs.limiter_key: {} bytes of address", email.as_str().len()));
        self.inner.limiter_key(namespace, email)
    }

    fn secret_digest(&self, secret: &ApiKeySecret) -> SecretDigest {
        self.trace.step("macs.secret_digest".to_owned());
        self.inner.secret_digest(secret)
    }
}

#[async_trait]
impl Limiter for Traced<dyn Limiter> {
    async fn charge(&self, limit: Limit, key: LimitKey, budget: Budget) -> Result<Charged, Fault> {
        let charged = self.inner.charge(limit, key, budget).await;
        self.trace.step(format!("limiter.charge: {limit:?} -> {:?}", charged.as_ref().ok()));
        charged
    }

    async fn refund(&self, limit: Limit, key: LimitKey, budget: Budget) -> Result<(), Fault> {
        self.trace.step(format!("limiter.refund: {limit:?}"));
        self.inner.refund(limit, key, budget).await
    }

    async fn climb(&self, limit: Limit, key: LimitKey, ladder: Ladder) -> Result<Charged, Fault> {
        let charged = self.inner.climb(limit, key, ladder).await;
        self.trace.step(format!("limiter.climb: {limit:?} -> {:?}", charged.as_ref().ok()));
        charged
    }

    async fn step_down(&self, limit: Limit, key: LimitKey) -> Result<(), Fault> {
        self.trace.step(format!("limiter.step_down: {limit:?}"));
        self.inner.step_down(limit, key).await
    }

    async fn clear(&self, limit: Limit, key: LimitKey) -> Result<u32, Fault> {
        self.trace.step(format!("limiter.clear: {limit:?}"));
        self.inner.clear(limit, key).await
    }
}

impl Entropy for Traced<dyn Entropy> {
    fn fill(&self, buffer: &mut [u8]) {
        self.trace.step(format!("entropy.fill: {} bytes", buffer.len()));
        self.inner.fill(buffer);
    }
}

impl Telemetry for Traced<dyn Telemetry> {
    fn count(&self, signal: Signal) {
        self.trace.step(format!("telemetry.count: {signal:?}"));
        self.inner.count(signal);
    }
}
