//! Whether the process lives, and whether it can do its work: for whoever restarts and routes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};
use shelfops_db::{MigrationState, Migrator};

use super::app::App;
use super::problem::Problem;
use crate::ops::OpError;
use crate::ops::error::ErrorKind;
use crate::ops::output::counted;

/// A database that takes longer is not there.
const PATIENCE: Duration = Duration::from_secs(2);

/// The addresses.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(lives)).route("/readyz", get(ready))
}

async fn lives() -> impl IntoResponse {
    Json(json!({ "status": "alive" }))
}

async fn ready(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    if app.is_stopping() {
        return Err(not_ready("the server is stopping", "server"));
    }
    let looked = tokio::time::timeout(PATIENCE, missing_migrations(&app)).await;
    let unreachable = || not_ready("the database cannot be reached", "database");
    match looked.map_err(|_| unreachable())? {
        Ok(None) => Ok(Json(json!({ "status": "ready" }))),
        Ok(Some(missing)) => Err(not_ready(&missing, "migrations")),
        Err(error) => {
            // The address of the database is not for everybody.
            tracing::warn!(error = error.with_reasons(), "not ready");
            Err(match error.kind() {
                ErrorKind::DependencyDown => unreachable(),
                _ => not_ready("the database cannot be looked at; the log says why", "database"),
            })
        }
    }
}

/// Says what the schema lacks, if anything.
async fn missing_migrations(app: &App) -> Result<Option<String>, OpError> {
    let database = app.database().await?;
    let statuses = Migrator::new(database, app.config().timeseries_engine).status().await?;
    let count = |state| statuses.iter().filter(|status| status.state == state).count();
    let wrong = count(MigrationState::Changed) + count(MigrationState::Unknown);
    Ok(match (wrong, count(MigrationState::Pending)) {
        (0, 0) => None,
        (0, pending) => {
            Some(format!("{} pending; run `shelfops migrate up`", counted(pending, "migration")))
        }
        (wrong, _) => Some(format!(
            "{} of the database do not match this program; `shelfops migrate status` says which",
            counted(wrong, "migration")
        )),
    })
}

fn not_ready(detail: &str, missing: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", detail)
        .with("missing", json!([missing]))
}
