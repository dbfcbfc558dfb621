//! The operations: a name in the address, the input as JSON, and the answer as the command line gives it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::app::{App, RequestTalk};
use super::auth::Caller;
use super::problem::Problem;
use super::{openapi, router, watch};
use crate::ops::{self, AnyOperation, Context, Effect, OPERATIONS, OpError, Output};

/// Where the operations are.
pub(super) const OPERATIONS_PATH: &str = "/api/v1/operations";

/// Says how a check went, where the command line has its exit code.
pub(super) const VERDICT: HeaderName = HeaderName::from_static("x-shelfops-verdict");

/// How long a client may take to send what it told us it would.
const BODY_PATIENCE: Duration = Duration::from_secs(15);

/// The addresses.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(OPERATIONS_PATH, get(list))
        .route(&format!("{OPERATIONS_PATH}/{{name}}"), post(run))
        .route(openapi::PATH, get(openapi::show))
}

/// Returns an operation's name as it stands in an address.
pub(super) fn name_in_address(operation: &dyn AnyOperation) -> String {
    operation.name().replace(' ', "-")
}

async fn list(_caller: Caller) -> Json<Output<Value>> {
    Json(ops::catalogue())
}

async fn run(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let operation = find(&name)?;
    let input = read(&app, request).await?;
    let principal = caller.principal;
    let (context, talk) = app.context_for(principal.clone());
    let started = Instant::now();
    let outcome = match operation.effect() {
        Effect::Reads => operation.run_json(&context, input).await,
        Effect::Changes => change(&app, operation, (context, talk), input).await?,
    };
    let ended = match &outcome {
        Ok(output) => output.verdict.name(),
        Err(error) => error.kind().name(),
    };
    app.metrics.count_operation(operation.name(), ended, started.elapsed());
    match outcome {
        Ok(output) => Ok(([(VERDICT, output.verdict.name())], Json(output)).into_response()),
        Err(error) => Err(Problem::of_operation(&error, &principal)),
    }
}

/// Runs an operation that changes something to its end, also when the client does not wait for it:
/// broken off in the middle, its entry in the audit log would be missing. It is told that nobody waits,
/// and stops behind the batch at hand.
async fn change(
    app: &App,
    operation: &'static dyn AnyOperation,
    (context, talk): (Context, Arc<RequestTalk>),
    input: Value,
) -> Result<Result<Output<Value>, OpError>, Problem> {
    let waiting = Waiting(Some(talk));
    let work = async move { operation.run_json(&context, input).await };
    let ended = app.changes().spawn(work.in_current_span()).await;
    waiting.done();
    ended.map_err(|lost| match lost.try_into_panic() {
        Ok(panic) => watch::panicked(&*panic),
        Err(_) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", "the server is stopping")
        }
    })
}

/// Somebody who waits for an operation; dropped, nobody does.
struct Waiting(Option<Arc<RequestTalk>>);

impl Waiting {
    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(talk) = self.0.take() {
            talk.give_up();
        }
    }
}

fn find(name: &str) -> Result<&'static dyn AnyOperation, Problem> {
    let found = OPERATIONS.iter().copied().find(|operation| name_in_address(*operation) == name);
    found.ok_or_else(|| {
        let detail = format!("there is no such operation; {OPERATIONS_PATH} lists them");
        Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
    })
}

/// Reads the input; nothing at all is an input without fields.
async fn read(app: &App, request: Request) -> Result<Value, Problem> {
    let is_json = is_json(request.headers());
    let patience = BODY_PATIENCE.min(app.request_timeout / 2);
    let body = tokio::time::timeout(patience, Bytes::from_request(request, &())).await;
    let body = body.map_err(|_| {
        let detail = format!("the body did not arrive within {} s", patience.as_secs_f32());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "timed-out", detail)
    })?;
    let body = body.map_err(|rejection| match rejection.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("the body has more than {} bytes", router::BODY_LIMIT);
            Problem::new(status, "too-large", detail)
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "usage", "the body broke off"),
    })?;
    if body.is_empty() {
        return Ok(json!({}));
    }
    if !is_json {
        let detail = "the body is to be JSON: 'Content-Type: application/json'";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "usage", detail));
    }
    serde_json::from_slice(&body).map_err(|error| {
        let detail = format!("the body is no JSON: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "usage", detail)
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let told = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = told.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
