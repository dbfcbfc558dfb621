//! Applies a plan that was approved, once.

use serde_json::json;
use shelfops_advisor::drift::read;
use shelfops_db::models::{Plan, PlanStep};
use shelfops_db::{DbError, Migration, MigrationError, Migrator, PlanRun, Target};

use super::DraftStep;
use crate::drift::options;
use crate::ops::{Context, OpError};

/// Applies a plan.
///
/// # Errors
/// Refuses one that is not approved, too old, changed, or for another schema; fails with the first
/// statement that the server refuses.
pub(crate) async fn apply(context: &Context, plan_id: i64) -> Result<Plan, OpError> {
    let database = context.database().await?;
    let operator = database.operator().await?;
    let engine = operator.timeseries_engine().await.ok();
    operator.commit().await?;
    let by = context.principal().to_string();
    let environment = context.config().environment.name();
    let run = database
        .begin_plan(plan_id, (&by, environment), async |client| {
            let schema = read(client, &options(engine)).await.map_err(|error| error.to_string())?;
            Ok(schema.fingerprint())
        })
        .await?;
    match run.plan().runs.as_str() {
        "migrations-up" => migrate(context, run, true).await,
        "migrations-down" => migrate(context, run, false).await,
        _ => Ok(run.run_statements().await?),
    }
}

/// Runs a plan's migrations by their runner, if they are still those that the plan shows.
async fn migrate(context: &Context, run: PlanRun, goes_up: bool) -> Result<Plan, OpError> {
    let migrator = Migrator::new(context.database().await?, context.config().timeseries_engine);
    let done = async {
        let count = run.plan().steps.len();
        let target = Target::Steps(count);
        let chosen = if goes_up {
            migrator.pending(target).await?
        } else {
            migrator.applied(target).await?
        };
        if !are_same(&chosen, &run.plan().steps, goes_up) {
            return Ok(Err(DbError::PlanConflict(format!(
                "the migrations that are pending are not those of plan {}; make a new one",
                run.plan().plan_id
            ))));
        }
        let talk = context.talk();
        let say = |migration: &Migration| talk.say(&format!("running {}", migration.file));
        let applied = if goes_up {
            migrator.up(target, say).await?
        } else {
            migrator.down(target, say).await?
        };
        let milliseconds: u64 = applied.iter().map(|one| one.duration_ms).sum();
        Ok::<_, MigrationError>(Ok(json!({
            "steps": applied.len(), "duration_ms": milliseconds
        })))
    };
    let outcome = match done.await {
        Ok(outcome) => outcome,
        Err(error) => {
            let reason = error.to_string();
            let plan_id = run.plan().plan_id;
            // The plan remembers the reason; who asked gets the error itself.
            let failed = DbError::PlanFailed { plan_id, position: 0, reason };
            let _ = run.finish(Err(failed)).await;
            return Err(error.into());
        }
    };
    Ok(run.finish(outcome).await?)
}

fn are_same(migrations: &[Migration], steps: &[PlanStep], goes_up: bool) -> bool {
    let text = |migration: &Migration| {
        let text = if goes_up { migration.up } else { migration.down };
        DraftStep::of_migration(migration, text).sql
    };
    migrations.len() == steps.len()
        && migrations.iter().zip(steps).all(|(one, step)| text(one) == step.statement)
}
