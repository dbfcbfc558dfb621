//! Where the developer's endpoints are.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{MethodFilter, MethodRouter};

use super::developer::{Handler, answer};
use super::{events, subscriptions};
use crate::square::simulation::Simulation;

/// Returns the endpoints of events and subscriptions.
pub(crate) fn routes() -> Router<Arc<Simulation>> {
    Router::new()
        .route("/v2/events", on(MethodFilter::POST, events::search))
        .route("/v2/events/enable", on(MethodFilter::PUT, events::enable))
        .route("/v2/events/disable", on(MethodFilter::PUT, events::disable))
        .route("/v2/webhooks/event-types", on(MethodFilter::GET, subscriptions::event_types))
        .route(
            "/v2/webhooks/subscriptions",
            on(MethodFilter::GET, subscriptions::list)
                .merge(on(MethodFilter::POST, subscriptions::create)),
        )
        .route("/v2/webhooks/subscriptions/{id}", on(MethodFilter::DELETE, subscriptions::delete))
        .route(
            "/v2/webhooks/subscriptions/{id}/signature-key",
            on(MethodFilter::POST, subscriptions::rotate_key),
        )
}

/// Answers requests of one method with a handler.
fn on(method: MethodFilter, handler: Handler) -> MethodRouter<Arc<Simulation>> {
    axum::routing::on(method, move |State(simulation): State<Arc<Simulation>>, request: Request| {
        answer(simulation, request, handler)
    })
}
