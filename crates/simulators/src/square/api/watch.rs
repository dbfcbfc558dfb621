//! Stands before every endpoint: lets faults strike and writes requests down.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::middleware::Next;

use crate::square::faults::{FaultKind, disturb, short_circuit};
use crate::square::request_log::LoggedRequest;
use crate::square::simulation::Simulation;

/// The fault that struck a request, for those that strike behind the gate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Struck(pub(super) FaultKind);

/// The merchant that a request was for, as the gate found out.
#[derive(Debug, Clone)]
pub(super) struct Owner(pub(super) String);

/// Lets a request pass, or not.
pub(crate) async fn watch(
    State(simulation): State<Arc<Simulation>>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let method = request.method().to_string();
    let fault = simulation.faults().strike(&path);
    let response = match fault {
        None => next.run(request).await,
        Some(fault) => match short_circuit(fault) {
            Some(response) => response,
            None => {
                request.extensions_mut().insert(Struck(fault));
                let answer = next.run(request).await;
                disturb(fault, answer).await
            }
        },
    };
    let owner = response.extensions().get::<Owner>().map(|owner| owner.0.clone());
    simulation.requests().add(LoggedRequest {
        number: 0,
        at: simulation.clock.now(),
        method,
        path,
        merchant_id: owner,
        status: response.status().as_u16(),
        fault: fault.map(|fault| fault.name().to_owned()),
    });
    response
}
