//! Tokens without a click, for tests that are about something else.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::actions;
use super::problem::Problem;
use crate::square::simulation::Simulation;

/// Which tokens to issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrantRequest {
    /// The merchant that would have consented.
    pub merchant_id: String,
    /// The application, or nothing for the first.
    pub client_id: Option<String>,
    /// The permissions, or nothing for all there are.
    pub scopes: Option<Vec<String>>,
    /// Whether the application has no secret.
    pub is_pkce: bool,
}

/// Tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Opens the merchant's records.
    pub access_token: String,
    /// Renews the access token.
    pub refresh_token: String,
}

/// Issues tokens.
pub(super) async fn issue(
    State(simulation): State<Arc<Simulation>>,
    Json(request): Json<GrantRequest>,
) -> Result<Json<Granted>, Problem> {
    Ok(Json(actions::grant(&simulation, &request)?))
}
