//! What vendors and their pages call: notifications, and tenants who come back from letting us in.

mod callback;
mod notification;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio_util::task::TaskTracker;

use crate::ops::Context;
use crate::sync::Intake;

pub(crate) use callback::wait_for_consent;

/// The routes; anybody may call them, so each proves what it is told. Who stops waits for `tasks`.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(
    context: Arc<Context>,
    tasks: &TaskTracker,
) -> Router<S> {
    let notifications = Router::new()
        .route("/webhooks/{connector}", post(notification::receive))
        .with_state(Arc::new(Intake::new(context.clone(), tasks)));
    let callbacks = Router::new()
        .route("/oauth/{connector}/callback", get(callback::receive))
        .with_state((context, tasks.clone()));
    notifications.merge(callbacks)
}
