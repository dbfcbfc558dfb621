//! What is counted, as Prometheus reads it. No tenant is named: their number has no bound.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use shelfops_db::models::{Arrears, JobState};
use shelfops_db::{Database, PoolUse};

use super::app::App;
use super::problem::Problem;
use crate::ops::OpError;

/// How the counts are written.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long what waits is not counted again: every tenant is asked.
const COUNTED_FOR: Duration = Duration::from_secs(10);

/// How long counting may take. Who asks has a limit of its own, often ten seconds.
const COUNTING: Duration = Duration::from_secs(3);

/// Between what an index answers and what is given up.
const SECONDS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Run {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Standing {
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StreamLabel {
    stream: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Connections {
    pool: &'static str,
    state: &'static str,
}

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;
type Level<L> = Family<L, Gauge<u64, AtomicU64>>;

/// What is counted.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_seconds: Durations<Route>,
    running: Gauge,
    runs: Family<Run, Counter>,
    run_seconds: Durations<Operation>,
    connections: Level<Connections>,
    jobs: Level<Standing>,
    notifications: Gauge<f64, AtomicU64>,
    oldest_notification: Gauge<f64, AtomicU64>,
    quarantined: Gauge<f64, AtomicU64>,
    lag: Family<StreamLabel, Gauge<f64, AtomicU64>>,
    /// When what waits was counted last.
    counted: Mutex<Option<Instant>>,
}

/// A request that runs.
pub(super) struct Running(Gauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Counts from zero.
    pub(super) fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("shelfops"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histogram),
            running: Gauge::default(),
            runs: Family::default(),
            run_seconds: Family::new_with_constructor(histogram),
            connections: Family::default(),
            jobs: Family::default(),
            notifications: Gauge::default(),
            oldest_notification: Gauge::default(),
            quarantined: Gauge::default(),
            lag: Family::default(),
            counted: Mutex::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "How long requests took",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        registry.register("http_requests_running", "Requests at work", self.running.clone());
        registry.register("operations", "Operations run, by how they ended", self.runs.clone());
        registry.register_with_unit(
            "operation_duration",
            "How long operations took",
            Unit::Seconds,
            self.run_seconds.clone(),
        );
        registry.register(
            "database_connections",
            "Connections to the database; 'waiting' are requests that want one",
            self.connections.clone(),
        );
        self.register_arrears();
    }

    /// What waits is read from the database: it tells of all servers and workers together.
    fn register_arrears(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "jobs",
            "Jobs in the queue, by state; 'dead' are those that nobody tries again",
            self.jobs.clone(),
        );
        registry.register(
            "notifications_waiting",
            "Notifications of vendors that nobody has looked at",
            self.notifications.clone(),
        );
        registry.register_with_unit(
            "notification_oldest_age",
            "How long the oldest waiting notification has waited",
            Unit::Seconds,
            self.oldest_notification.clone(),
        );
        registry.register(
            "quarantined_records",
            "Records that wait in quarantine",
            self.quarantined.clone(),
        );
        registry.register_with_unit(
            "sync_lag",
            "How long ago a stream was last read to its end, of the connection that is worst off",
            Unit::Seconds,
            self.lag.clone(),
        );
    }

    /// Counts a request for as long as what it returns lives.
    pub(super) fn begin_request(&self) -> Running {
        self.running.inc();
        Running(self.running.clone())
    }

    /// Counts a request that was answered.
    pub(super) fn count_request(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let (method, route) = (known(method), route.to_owned());
        let labels = Request { method, route: route.clone(), status: status.as_str().to_owned() };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&Route { method, route }).observe(took.as_secs_f64());
    }

    /// Counts an operation that ended.
    pub(super) fn count_operation(
        &self,
        operation: &'static str,
        outcome: &'static str,
        took: Duration,
    ) {
        self.runs.get_or_create(&Run { operation, outcome }).inc();
        self.run_seconds.get_or_create(&Operation { operation }).observe(took.as_secs_f64());
    }

    fn see_connections(&self, pools: [PoolUse; 2]) {
        for pool in pools {
            for (state, count) in [
                ("limit", pool.limit),
                ("open", pool.open),
                ("idle", pool.idle),
                ("waiting", pool.waiting),
            ] {
                let labels = Connections { pool: pool.name, state };
                let count = u64::try_from(count).unwrap_or(u64::MAX);
                self.connections.get_or_create(&labels).set(count);
            }
        }
    }

    /// Whether what waits is to be counted again: once at a time, and not each time that somebody asks.
    fn is_due(&self) -> bool {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.is_none_or(|at| at.elapsed() >= COUNTED_FOR)
    }

    /// Counts what waits, if it is due. What could not be counted in time is told as unknown: an old
    /// figure would say that all is well.
    async fn count_arrears(&self, database: &Database) {
        if !self.is_due() {
            return;
        }
        let counted = tokio::time::timeout(COUNTING, database.arrears()).await;
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        match counted {
            Ok(Ok(arrears)) => self.see_arrears(&arrears),
            Ok(Err(error)) => self.miss_arrears(&OpError::from(error).with_reasons()),
            Err(elapsed) => self.miss_arrears(&elapsed.to_string()),
        }
    }

    fn miss_arrears(&self, error: &str) {
        tracing::warn!(error, "what waits could not be counted");
        self.jobs.clear();
        self.lag.clear();
        for unknown in [&self.notifications, &self.oldest_notification, &self.quarantined] {
            unknown.set(f64::NAN);
        }
    }

    fn see_arrears(&self, arrears: &Arrears) {
        self.jobs.clear();
        for state in JobState::ALL {
            let count = arrears.jobs.get(state.name()).copied().unwrap_or_default();
            let labels = Standing { state: state.name().to_owned() };
            self.jobs.get_or_create(&labels).set(u64::try_from(count).unwrap_or_default());
        }
        self.notifications.set(arrears.notifications as f64);
        self.oldest_notification.set(arrears.oldest_notification);
        self.quarantined.set(arrears.quarantined as f64);
        self.lag.clear();
        for (stream, seconds) in &arrears.lag {
            self.lag.get_or_create(&StreamLabel { stream: stream.clone() }).set(*seconds);
        }
    }

    fn text(&self) -> Result<String, OpError> {
        let mut text = String::new();
        encode(&mut text, &self.registry)
            .map_err(|error| OpError::failed(format!("cannot write the metrics: {error}")))?;
        Ok(text)
    }
}

/// A method's name. Clients may make methods up, and each would be counted for itself for ever.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The address.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/metrics", get(show))
}

async fn show(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    let database = app.database().await?;
    app.metrics.see_connections(database.pools());
    app.metrics.count_arrears(database).await;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], app.metrics.text()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        let metrics = Metrics::new();
        let running = metrics.begin_request();
        let made_up = Method::from_bytes(b"BREW").unwrap();
        metrics.count_request(&made_up, "/x", StatusCode::NOT_FOUND, Duration::from_millis(3));
        metrics.count_operation("sync list", "done", Duration::from_millis(3));
        let text = metrics.text().unwrap();
        for line in [
            "shelfops_http_requests_total{method=\"other\",route=\"/x\",status=\"404\"} 1",
            "shelfops_http_request_duration_seconds_count{method=\"other\",route=\"/x\"} 1",
            "shelfops_http_requests_running 1",
            "shelfops_operations_total{operation=\"sync list\",outcome=\"done\"} 1",
            "shelfops_operation_duration_seconds_bucket{le=\"0.005\",operation=\"sync list\"} 1",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        drop(running);
        assert!(metrics.text().unwrap().contains("shelfops_http_requests_running 0"));
    }
}
