//! Moves the clock.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::actions;
use super::problem::Problem;
use crate::square::moment::Moment;
use crate::square::simulation::Simulation;

/// How to move the clock; what is missing stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockRequest {
    set: Option<Moment>,
    advance_seconds: Option<u64>,
    speed: Option<f64>,
}

/// Moves the clock; answers once the world has traded and due webhooks were sent.
pub(super) async fn turn(
    State(simulation): State<Arc<Simulation>>,
    Json(request): Json<ClockRequest>,
) -> Result<Json<Value>, Problem> {
    if let Some(moment) = request.set {
        actions::set_clock(&simulation, moment).await?;
    }
    if let Some(seconds) = request.advance_seconds {
        actions::advance(&simulation, Duration::from_secs(seconds)).await?;
    }
    if let Some(speed) = request.speed {
        actions::run(&simulation, speed)?;
    }
    let clock = &simulation.clock;
    Ok(Json(json!({ "now": clock.now(), "speed": clock.speed() })))
}
