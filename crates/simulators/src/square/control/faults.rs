//! Reads and replaces the plan of faults.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::actions;
use super::problem::Problem;
use crate::square::faults::FaultPlan;
use crate::square::simulation::Simulation;

/// Answers with the plan.
pub(super) async fn show(State(simulation): State<Arc<Simulation>>) -> Json<FaultPlan> {
    Json(simulation.faults().plan().clone())
}

/// Starts another plan, from its beginning.
pub(super) async fn replace(
    State(simulation): State<Arc<Simulation>>,
    Json(plan): Json<FaultPlan>,
) -> Result<Json<FaultPlan>, Problem> {
    actions::set_faults(&simulation, plan.clone())?;
    Ok(Json(plan))
}
