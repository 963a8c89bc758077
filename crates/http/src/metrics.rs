//! Metrics for Prometheus. No label comes from a client's input, and none says whether an account exists.

use app::ports::telemetry::{Signal, Telemetry};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the latency histogram, in seconds.
const LATENCY_BOUNDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignalLabels {
    signal: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

/// How the store has fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Writes that were committed.
    pub writes: u64,
    /// Flushes that they shared.
    pub flushes: u64,
}

/// Counters, histograms, and where they are read.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    latencies: Family<OperationLabels, Histogram>,
    under_way: Gauge,
    signals: Family<SignalLabels, Counter>,
    refusals: Family<LimitLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("minbil_auth");
        let requests = Family::default();
        let latencies = Family::new_with_constructor(histogram as fn() -> Histogram);
        let (under_way, signals, refusals) = (Gauge::default(), Family::default(), Family::default());
        registry.register("requests", "Requests by operation and status", requests.clone());
        registry.register("request_seconds", "Latency by operation", latencies.clone());
        registry.register("requests_under_way", "Requests that have no answer yet", under_way.clone());
        registry.register("signals", "Things that happened, by kind", signals.clone());
        registry.register("limit_refusals", "Requests that a limit refused, by limit", refusals.clone());
        Self { registry: Mutex::new(registry), requests, latencies, under_way, signals, refusals }
    }

    /// Reads the store's counts at every scrape from now on.
    pub fn watch_store(&self, counts: impl Fn() -> StoreCounts + Send + Sync + 'static) {
        let collector = StoreCollector(Box::new(counts));
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).register_collector(Box::new(collector));
    }

    pub(crate) fn began(&self) {
        self.under_way.inc();
    }

    pub(crate) fn ended(&self, operation: &str, status: u16, took: Duration) {
        self.under_way.dec();
        let operation = operation.to_owned();
        self.requests.get_or_create(&RequestLabels { operation: operation.clone(), status }).inc();
        self.latencies.get_or_create(&OperationLabels { operation }).observe(took.as_secs_f64());
    }

    /// All of it, in the text format of OpenMetrics.
    ///
    /// # Errors
    /// When a metric cannot be written.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}

fn histogram() -> Histogram {
    Histogram::new(LATENCY_BOUNDS)
}

impl Telemetry for Metrics {
    fn count(&self, signal: Signal) {
        let signal = match signal {
            Signal::RefreshRotated => "refresh_rotated",
            Signal::RefreshRegranted => "refresh_regranted",
            Signal::RefreshExtended => "refresh_extended",
            Signal::RefreshRefused => "refresh_refused",
            Signal::RefreshReused => "refresh_reused",
            Signal::MailSent => "mail_sent",
            Signal::MailRetried => "mail_retried",
            Signal::MailDead => "mail_dead",
            Signal::HashQueueFull => "hash_queue_full",
            Signal::PasswordBlocked => "password_blocked",
            Signal::KnownDevice => "known_device",
            Signal::Limited(limit) => {
                self.refusals.get_or_create(&LimitLabels { limit: limit.name() }).inc();
                return;
            }
        };
        self.signals.get_or_create(&SignalLabels { signal }).inc();
    }
}

struct StoreCollector(Box<dyn Fn() -> StoreCounts + Send + Sync>);

impl fmt::Debug for StoreCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreCollector")
    }
}

impl Collector for StoreCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counts = (self.0)();
        for (name, help, value) in [
            ("store_writes", "Writes that were committed", counts.writes),
            ("store_flushes", "Flushes that the writes shared", counts.flushes),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::ports::limiter::Limit;

    #[test]
    fn what_is_counted_is_read() {
        let metrics = Metrics::new();
        metrics.watch_store(|| StoreCounts { writes: 7, flushes: 3 });
        metrics.began();
        metrics.ended("/api/{ns}/auth/refresh", 200, Duration::from_millis(2));
        metrics.count(Signal::RefreshReused);
        metrics.count(Signal::Limited(Limit::SignInAccount));
        let text = metrics.text().unwrap();
        for line in [
            "minbil_auth_requests_total{operation=\"/api/{ns}/auth/refresh\",status=\"200\"} 1",
            "minbil_auth_signals_total{signal=\"refresh_reused\"} 1",
            "minbil_auth_limit_refusals_total{limit=\"sign-in-account\"} 1",
            "minbil_auth_store_writes_total 7",
            "minbil_auth_store_flushes_total 3",
            "minbil_auth_requests_under_way 0",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} in\n{text}");
        }
    }
}
