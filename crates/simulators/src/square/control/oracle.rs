//! Tells the truth about a merchant, and what clients asked.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};

use super::problem::Problem;
use crate::square::SquareError;
use crate::square::oracle::{Oracle, OracleTotals};
use crate::square::request_log::LoggedRequest;
use crate::square::simulation::Simulation;

/// Answers with everything about a merchant.
pub(super) async fn everything(
    State(simulation): State<Arc<Simulation>>,
    Path(merchant_id): Path<String>,
) -> Result<Json<Oracle>, Problem> {
    simulation.catch_up().await?;
    let world = simulation.world();
    let unknown = SquareError::Unknown { what: "merchant", id: merchant_id.clone() };
    Ok(Json(Oracle::of(world.merchant(&merchant_id).ok_or(unknown)?)))
}

/// Answers with the sums only.
pub(super) async fn totals(
    State(simulation): State<Arc<Simulation>>,
    Path(merchant_id): Path<String>,
) -> Result<Json<OracleTotals>, Problem> {
    simulation.catch_up().await?;
    let world = simulation.world();
    let unknown = SquareError::Unknown { what: "merchant", id: merchant_id.clone() };
    Ok(Json(OracleTotals::of(world.merchant(&merchant_id).ok_or(unknown)?)))
}

/// Answers with the last requests, the oldest first.
pub(super) async fn requests(
    State(simulation): State<Arc<Simulation>>,
) -> Json<Vec<LoggedRequest>> {
    Json(simulation.requests().all())
}
