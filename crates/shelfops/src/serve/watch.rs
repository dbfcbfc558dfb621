//! What surrounds every request: its id, its time limit, its line in the log, its count.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use http::StatusCode;
use tracing::Instrument as _;

use super::app::App;
use super::problem::{self, Problem};
use super::request_id::{HEADER, RequestId};
use crate::telemetry;

/// Surrounds a request.
pub(super) async fn watch(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let request_id = RequestId::of(request.headers());
    let method = request.method().clone();
    let route = match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str().to_owned(),
        // What nobody serves is one name: names that clients choose would never end.
        None => "unmatched".to_owned(),
    };
    // The path alone: what follows it may hold a secret, such as the code of an authorisation.
    let span = tracing::info_span!(
        "request",
        request_id = request_id.as_str(),
        method = %method,
        path = ?request.uri().path(),
        principal = tracing::field::Empty,
        otel.name = tracing::field::Empty,
        otel.kind = tracing::field::Empty,
    );
    telemetry::describe_request(&span, request.headers(), &format!("{method} {route}"));
    let started = Instant::now();
    let running = app.metrics.begin_request();
    let answered = AssertUnwindSafe(tokio::time::timeout(app.request_timeout, next.run(request)))
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let _entered = span.enter();
    let response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(_elapsed)) => timed_out(app.request_timeout.as_secs()).into_response(),
        Err(panic) => panicked(&*panic).into_response(),
    };
    let mut response = problem::render(response, &request_id);
    if let Some(value) = request_id.header() {
        response.headers_mut().insert(HEADER, value);
    }
    drop(running);
    let (status, elapsed) = (response.status(), started.elapsed());
    app.metrics.count_request(&method, &route, status, elapsed);
    telemetry::end_request(&span, method.as_str(), &route, status);
    tracing::info!(
        status = status.as_u16(),
        route,
        duration_ms = elapsed.as_secs_f64() * 1000.0,
        "answered"
    );
    response
}

fn timed_out(seconds: u64) -> Problem {
    Problem::new(
        StatusCode::GATEWAY_TIMEOUT,
        "timed-out",
        format!(
            "there was no answer within {seconds} s; a change stops behind what is committed, and the \
             same request resumes it"
        ),
    )
}

/// A panic is a mistake of ours: it ends the request and nothing else.
pub(super) fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = said, "a request broke the server's code");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "failed",
        "the server made a mistake; its log says which, under this request's id",
    )
}
