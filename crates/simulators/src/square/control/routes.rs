//! Where the control endpoints are.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::{clock, faults, force, grants, oracle, state};
use crate::square::simulation::Simulation;

/// Returns the endpoints below `/_control`.
pub(crate) fn routes() -> Router<Arc<Simulation>> {
    Router::new()
        .route("/_control/state", get(state::show))
        .route("/_control/clock", post(clock::turn))
        .route("/_control/faults", get(faults::show).put(faults::replace))
        .route("/_control/grants", post(grants::issue))
        .route("/_control/requests", get(oracle::requests))
        .route("/_control/oracle/{merchant_id}", get(oracle::everything))
        .route("/_control/oracle/{merchant_id}/totals", get(oracle::totals))
        .route("/_control/merchants/{merchant_id}/force", post(force::force))
        .route("/_control/merchants/{merchant_id}/revoke", post(force::revoke))
}
