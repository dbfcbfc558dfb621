//! `/oauth2/revoke`: an application gives its access back.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Response};
use bytes::Bytes;
use serde::Deserialize;

use super::client::is_same;
use crate::square::api::{ApiError, json_response};
use crate::square::json::Json;
use crate::square::simulation::Simulation;
use crate::square::world::events::Revoker;

/// What an application sends.
#[derive(Debug, Deserialize)]
struct RevokeRequest {
    client_id: Option<String>,
    access_token: Option<String>,
    merchant_id: Option<String>,
    #[serde(default)]
    revoke_only_access_token: bool,
}

/// Ends an access token, or everything that a merchant consented to.
pub(super) async fn revoke(
    State(simulation): State<Arc<Simulation>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    match answer(&simulation, &headers, &body) {
        Ok(()) => json_response(200, Json::document(|json| json.flag("success", true))),
        Err(error) => error.response(),
    }
}

fn answer(simulation: &Simulation, headers: &HeaderMap, body: &[u8]) -> Result<(), ApiError> {
    let request: RevokeRequest = serde_json::from_slice(body)
        .map_err(|_| ApiError::invalid("EXPECTED_JSON_BODY", "The body is not JSON.", None))?;
    let client_id = request.client_id.as_deref().ok_or_else(|| ApiError::missing("client_id"))?;
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Client ")).unwrap_or_default();
    let (application, merchant_id) = {
        let mut authority = simulation.authority();
        let application = authority
            .application(client_id)
            .filter(|at| is_same(&authority.applications[usize::from(*at)].client_secret, given))
            .ok_or_else(|| ApiError::unauthorized("The application secret is wrong."))?;
        let merchant_id = match (&request.access_token, &request.merchant_id) {
            (Some(token), None) => {
                let access = authority
                    .access(token, simulation.clock.now())
                    .ok()
                    .filter(|access| access.application == application)
                    .ok_or_else(|| ApiError::not_found("There is no such access token."))?;
                if request.revoke_only_access_token {
                    authority.revoke_token(token);
                    return Ok(());
                }
                access.merchant_id
            }
            (None, Some(merchant_id)) => merchant_id.clone(),
            _ => {
                let detail = "Exactly one of access_token and merchant_id must be given.";
                return Err(ApiError::invalid("BAD_REQUEST", detail, None));
            }
        };
        (application, merchant_id)
    };
    if simulation.revoke(application, &merchant_id, Revoker::Application) {
        return Ok(());
    }
    Err(ApiError::not_found("There is nothing to revoke."))
}
