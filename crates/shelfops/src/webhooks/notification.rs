//! A vendor's notification: proved, kept, acknowledged. The work is a job's.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use shelfops_integrations::connector::find;

use crate::sync::{Intake, NotificationError};

/// Takes a notification. What cannot be kept now is answered with a failure, so that the vendor sends
/// it again.
pub(super) async fn receive(
    State(intake): State<Arc<Intake>>,
    Path(connector): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Some(connector) = find(&connector) else { return StatusCode::NOT_FOUND };
    match intake.take(connector, &headers, &body).await {
        Ok(()) => StatusCode::OK,
        Err(NotificationError::Forged) => {
            tracing::warn!(connector = connector.name(), "a notification that nobody signed");
            StatusCode::FORBIDDEN
        }
        Err(error @ NotificationError::Unreadable(_)) => {
            tracing::warn!(connector = connector.name(), error = %error, "a notification");
            StatusCode::BAD_REQUEST
        }
        // The one that kept it, with those that came together with it, said why.
        Err(NotificationError::NotKept) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
