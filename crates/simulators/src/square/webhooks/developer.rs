//! Requests of the developer, not of a merchant's application: they bring the personal token.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use serde_json::Value;

use crate::square::api::{ApiError, bearer, json_response};
use crate::square::simulation::Simulation;

/// The largest body that is read.
const LARGEST_BODY: usize = 1 << 20;

/// How a request of a developer is answered: for an application, with a body.
pub(super) type Handler = fn(&Simulation, u8, &DeveloperCall) -> Result<Vec<u8>, ApiError>;

/// What a developer asks.
#[derive(Debug)]
pub(super) struct DeveloperCall {
    pub(super) path: String,
    pub(super) body: Value,
}

impl DeveloperCall {
    /// Returns the part of the path at this place, counted from 0.
    pub(super) fn part(&self, at: usize) -> &str {
        self.path.trim_start_matches('/').split('/').nth(at).unwrap_or_default()
    }
}

/// Answers a developer's request, if its token is a personal one.
pub(super) async fn answer(
    simulation: Arc<Simulation>,
    request: Request,
    handler: Handler,
) -> Response<Body> {
    if simulation.catch_up().await.is_err() {
        return ApiError::server(500).response();
    }
    match respond(&simulation, request, handler).await {
        Ok(document) => json_response(200, document),
        Err(error) => error.response(),
    }
}

async fn respond(
    simulation: &Simulation,
    request: Request,
    handler: Handler,
) -> Result<Vec<u8>, ApiError> {
    let (head, body) = request.into_parts();
    let token = bearer(&head.headers)?;
    let detail = "This endpoint needs the application's personal access token.";
    let application = simulation.authority().developer(token);
    let application = application.ok_or_else(|| ApiError::unauthorized(detail))?;
    let bytes = axum::body::to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| ApiError::invalid("BAD_REQUEST", "The body cannot be read.", None))?;
    let body = if bytes.is_empty() {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(&bytes)
            .map_err(|_| ApiError::invalid("EXPECTED_JSON_BODY", "The body is not JSON.", None))?
    };
    handler(simulation, application, &DeveloperCall { path: head.uri.path().to_owned(), body })
}
