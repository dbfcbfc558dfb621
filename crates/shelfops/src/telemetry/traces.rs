//! Traces by OpenTelemetry's protocol, where its usual variables name a collector; else none at all.
//!
//! A trace has what the log has and nothing more: no tenant's values, no secrets.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{Status, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Layer as _;

use super::Listener;
use crate::ops::OpError;

/// Where everything is collected, and where traces are.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// In which words it is told.
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

/// The one way that we speak.
const PROTOCOL: &str = "http/protobuf";

/// How long the last traces may take to arrive when the program ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Traces that are told to a collector.
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Reads the usual variables; none where they name no collector, or want none told.
    ///
    /// # Errors
    /// Refuses what cannot be followed: another protocol, an address that is none.
    pub(super) fn configured() -> Result<Option<Self>, OpError> {
        let is_disabled = variable("OTEL_SDK_DISABLED").is_some_and(|told| is_true(&told))
            || variable("OTEL_TRACES_EXPORTER").is_some_and(|told| told == "none");
        let Some(name) = ENDPOINTS.into_iter().find(|name| variable(name).is_some()) else {
            return Ok(None);
        };
        if is_disabled {
            return Ok(None);
        }
        let protocol = PROTOCOLS.into_iter().find_map(|name| Some((name, variable(name)?)));
        if let Some((name, told)) = protocol.filter(|(_, told)| told != PROTOCOL) {
            return Err(OpError::usage(format!(
                "{name} is '{told}', and traces are told by {PROTOCOL} only: set it to that, or leave \
                 it out"
            )));
        }
        shelfops_integrations::http::prepare_tls();
        let exporter = SpanExporter::builder().with_http().build().map_err(|error| {
            OpError::usage(format!("traces cannot be told to what {name} names: {error}"))
        })?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_batch_exporter(exporter)
            .build();
        Ok(Some(Self { provider }))
    }

    /// Tells of spans of ours, from those that the log calls information on.
    pub(super) fn listener(&self) -> Listener {
        let ours = Targets::new().with_target(env!("CARGO_PKG_NAME"), LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(env!("CARGO_PKG_NAME")))
            .with_filter(ours)
            .boxed()
    }

    /// Tells what is left.
    pub(super) async fn stop(self) {
        // It waits for the collector, and may not do so where others run.
        let told = tokio::task::spawn_blocking(move || {
            self.provider.shutdown_with_timeout(FAREWELL).map_err(|error| error.to_string())
        });
        match told.await.map_err(|error| error.to_string()).flatten() {
            Ok(()) => {}
            Err(error) => tracing::warn!(error, "the last traces did not reach their collector"),
        }
    }
}

/// Who we are; whoever runs us may say otherwise.
fn resource() -> Resource {
    let resource = Resource::builder_empty()
        .with_service_name(env!("CARGO_PKG_NAME"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()));
    match variable("OTEL_SERVICE_NAME") {
        Some(name) => resource.with_service_name(name).build(),
        None => resource.build(),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// Says what a piece of work is called where traces are told; the log calls it by its kind.
pub(crate) fn describe(span: &Span, name: &str) {
    if span.set_parent(Context::new()).is_ok() {
        span.record("otel.name", name);
    }
}

/// Says what a request is called, and goes on with the trace of whoever asked.
pub(crate) fn describe_request(span: &Span, headers: &HeaderMap, name: &str) {
    let parent = TraceContextPropagator::new().extract(&Headers(headers));
    if span.set_parent(parent).is_ok() {
        span.record("otel.name", name);
        span.record("otel.kind", "server");
    }
}

/// Says how a request was answered.
pub(crate) fn end_request(span: &Span, method: &str, route: &str, status: StatusCode) {
    span.set_attribute("http.request.method", method.to_owned());
    span.set_attribute("http.route", route.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}

/// Headers as the library reads them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
