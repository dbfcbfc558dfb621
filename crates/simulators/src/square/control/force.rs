//! Makes something happen to a merchant.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::actions;
use super::problem::Problem;
use crate::square::simulation::Simulation;
use crate::square::world::force::Force;

/// Whose authorization a merchant takes back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeRequest {
    client_id: String,
}

/// Makes it happen; answers with the id of what came of it.
pub(super) async fn force(
    State(simulation): State<Arc<Simulation>>,
    Path(merchant_id): Path<String>,
    Json(request): Json<Force>,
) -> Result<Json<Value>, Problem> {
    let id = actions::force(&simulation, &merchant_id, &request).await?;
    Ok(Json(json!({ "id": id })))
}

/// Lets a merchant take an application's authorization back.
pub(super) async fn revoke(
    State(simulation): State<Arc<Simulation>>,
    Path(merchant_id): Path<String>,
    Json(request): Json<RevokeRequest>,
) -> Result<Json<Value>, Problem> {
    let was_authorized = actions::revoke(&simulation, &merchant_id, &request.client_id).await?;
    Ok(Json(json!({ "was_authorized": was_authorized })))
}
