//! Where the endpoints of consent are.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::{authorize, revoke, status, token};
use crate::square::simulation::Simulation;

/// Returns the endpoints below `/oauth2`.
pub(crate) fn routes() -> Router<Arc<Simulation>> {
    Router::new()
        .route("/oauth2/authorize", get(authorize::show).post(authorize::decide))
        .route("/oauth2/token", post(token::obtain))
        .route("/oauth2/revoke", post(revoke::revoke))
        .route("/oauth2/token/status", post(status::status))
}
