//! What every request for a merchant's records goes through: token, limit, scope, version, body.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, Response};
use serde_json::Value;

use super::watch::{Owner, Struck};
use super::{ApiError, Call, Endpoint, json_response};
use crate::square::faults::FaultKind;
use crate::square::moment::Moment;
use crate::square::oauth::{Access, TokenFault};
use crate::square::simulation::Simulation;
use crate::square::world::events::Revoker;

/// The header that names the version of the API.
const VERSION: &str = "square-version";

/// The largest body that is read.
const LARGEST_BODY: usize = 4 << 20;

/// Answers a request for a merchant's records.
pub(super) async fn serve(
    endpoint: &'static Endpoint,
    State(simulation): State<Arc<Simulation>>,
    request: Request,
) -> Response<Body> {
    let Ok(now) = simulation.catch_up().await else { return ApiError::server(500).response() };
    let access = match admit(&simulation, &request, now) {
        Ok(access) => access,
        Err(refusal) => return *refusal,
    };
    let version = match version(request.headers(), &simulation, access.application) {
        Ok(version) => version,
        Err(error) => return error.response(),
    };
    let result = answer(endpoint, &simulation, (&access, &version, now), request).await;
    let mut response = match result {
        Ok(document) => json_response(200, document),
        Err(error) => error.response(),
    };
    if let Ok(version) = HeaderValue::from_str(&version) {
        response.headers_mut().insert(VERSION, version);
    }
    response.extensions_mut().insert(Owner(access.merchant_id));
    response
}

/// Returns what the request may see, or the answer that says it may not.
fn admit(
    simulation: &Simulation,
    request: &Request,
    now: Moment,
) -> Result<Access, Box<Response<Body>>> {
    let refuse = |error: ApiError| Box::new(error.response());
    let text = bearer(request.headers()).map_err(refuse)?;
    let struck = request.extensions().get::<Struck>().map(|struck| struck.0);
    if struck == Some(FaultKind::ExpiredToken) {
        return Err(refuse(ApiError::for_token(TokenFault::Expired)));
    }
    let access = simulation.authority().access(text, now);
    let access = access.map_err(|fault| refuse(ApiError::for_token(fault)))?;
    if struck == Some(FaultKind::RevokedToken) {
        simulation.revoke(access.application, &access.merchant_id, Revoker::Merchant);
        return Err(refuse(ApiError::for_token(TokenFault::Revoked)));
    }
    let Some(throttle) = simulation.config.throttle else { return Ok(access) };
    let merchant =
        simulation.config.merchants.iter().position(|each| each.id == access.merchant_id);
    let key = (access.application, merchant.unwrap_or_default() as u8);
    if simulation.throttle().admit(&throttle, key, now) {
        return Ok(access);
    }
    let mut response = ApiError::rate_limited().response();
    if let Some(seconds) = throttle.retry_after_seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Err(Box::new(response))
}

async fn answer(
    endpoint: &Endpoint,
    simulation: &Simulation,
    (access, version, now): (&Access, &str, Moment),
    request: Request,
) -> Result<Vec<u8>, ApiError> {
    if !access.scopes.contains(&endpoint.scope) {
        return Err(ApiError::insufficient_scope(endpoint.scope));
    }
    let (head, body) = request.into_parts();
    let query = Query::<Vec<(String, String)>>::try_from_uri(&head.uri)
        .map_err(|_| ApiError::invalid("BAD_REQUEST", "The query cannot be read.", None))?;
    let body = if endpoint.method == Method::GET { Value::Null } else { read(body).await? };
    let id = if endpoint.path.ends_with("/{id}") {
        head.uri.path().rsplit('/').next().unwrap_or_default()
    } else {
        ""
    };
    let world = simulation.world();
    let merchant = world
        .merchant(&access.merchant_id)
        .ok_or_else(|| ApiError::for_token(TokenFault::Unknown))?;
    (endpoint.answer)(&Call {
        merchant,
        now,
        version,
        id,
        query: &query.0,
        body: &body,
        path: endpoint.path,
        cursor_seconds: simulation.config.cursor_seconds,
        refund_lag_seconds: simulation.config.refund_lag_seconds,
        return_lag_seconds: simulation.config.return_lag_seconds,
    })
}

async fn read(body: Body) -> Result<Value, ApiError> {
    let bytes = axum::body::to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| ApiError::invalid("BAD_REQUEST", "The body cannot be read.", None))?;
    if bytes.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(&bytes)
        .map_err(|_| ApiError::invalid("EXPECTED_JSON_BODY", "The body is not JSON.", None))
}

/// Returns the token that a request brings.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| ApiError::unauthorized("This request could not be authorized."))
}

/// Returns the version that a request is for: the one it names, or the application's own.
fn version(
    headers: &HeaderMap,
    simulation: &Simulation,
    application: u8,
) -> Result<String, ApiError> {
    let Some(value) = headers.get(VERSION) else {
        return Ok(simulation.config.applications[usize::from(application)]
            .default_version
            .clone());
    };
    let named = value.to_str().unwrap_or_default();
    if named.parse::<jiff::civil::Date>().is_ok() {
        return Ok(named.to_owned());
    }
    let detail = "Square-Version must be a date.";
    Err(ApiError::invalid("INVALID_VALUE", detail, Some("Square-Version")))
}
