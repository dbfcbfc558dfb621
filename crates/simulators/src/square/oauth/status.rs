//! `/oauth2/token/status`: what an access token opens.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};

use super::token::seconds;
use crate::square::api::{ApiError, bearer, json_response};
use crate::square::json::Json;
use crate::square::simulation::Simulation;

/// Answers with the scopes and the owner of the token that the request brings.
pub(super) async fn status(
    State(simulation): State<Arc<Simulation>>,
    headers: HeaderMap,
) -> Response<Body> {
    match answer(&simulation, &headers) {
        Ok(document) => json_response(200, document),
        Err(error) => error.response(),
    }
}

fn answer(simulation: &Simulation, headers: &HeaderMap) -> Result<Vec<u8>, ApiError> {
    let authority = simulation.authority();
    let text = bearer(headers)?;
    let token = authority.token(text, simulation.clock.now()).map_err(ApiError::for_token)?;
    let application = &authority.applications[usize::from(token.access.application)];
    Ok(Json::document(|json| {
        json.list("scopes", &token.access.scopes, |json, scope| json.item(scope));
        json.text("expires_at", &seconds(token.expires));
        json.text("client_id", &application.client_id);
        json.text("merchant_id", &token.access.merchant_id);
    }))
}
