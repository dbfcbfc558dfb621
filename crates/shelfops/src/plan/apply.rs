//! Applies a plan that was approved, once.

use serde_json::json;
use shelfops_advisor::drift::read;
use shelfops_db::models::{Plan, PlanStep};
use shelfops_db::{DbError, Direction, Migration, MigrationError, Migrator, PlanRun, Target};

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
    let chosen = match chosen(&migrator, run.plan(), goes_up).await {
        Ok(Ok(chosen)) => chosen,
        Ok(Err(refusal)) => return Ok(run.finish(Err(refusal)).await?),
        Err(error) => return failed(run, 0, error).await,
    };
    let talk = context.talk();
    let say = |migration: &Migration| talk.say(&format!("running {}", migration.file));
    // The ledger knows what was done before the plan was broken off.
    for position in (1_i32..).take(chosen.done) {
        if run.plan().steps.iter().any(|it| it.position == position && it.finished_at.is_none()) {
            run.finish_step(position, 0).await?;
        }
    }
    let mut milliseconds = 0;
    for (position, target) in (1_i32..).zip(&chosen.targets).skip(chosen.done) {
        let done = if goes_up {
            migrator.up(*target, say).await
        } else {
            migrator.down(*target, say).await
        };
        let done = match done {
            Ok(done) => done,
            Err(error) => return failed(run, position, error).await,
        };
        let duration_ms = done.iter().map(|one| one.duration_ms).sum();
        milliseconds += duration_ms;
        run.finish_step(position, duration_ms).await?;
    }
    let result = json!({ "steps": chosen.steps, "duration_ms": milliseconds });
    Ok(run.finish(Ok(result)).await?)
}

/// The migrations of a plan, one after the other.
struct Chosen {
    /// How many the plan has.
    steps: usize,
    /// How many of them are done.
    done: usize,
    /// Where each leads: up to itself, or down to the one before it.
    targets: Vec<Target>,
}

/// Finds where each step leads, if the migrations are those of the plan.
async fn chosen(
    migrator: &Migrator<'_>,
    plan: &Plan,
    goes_up: bool,
) -> Result<Result<Chosen, DbError>, MigrationError> {
    let steps = plan.steps.len();
    let (pending, applied) =
        (migrator.pending(Target::All).await?, migrator.applied(Target::All).await?);
    let (all, behind) = if goes_up { (pending, applied) } else { (applied, pending) };
    // Of a plan that was broken off, those that are marked are done, and the one behind them may be: the
    // ledger tells, for it is written with what a migration does.
    let marked = plan.steps.iter().filter(|step| step.finished_at.is_some()).count();
    let most_done = if plan.state == "applying" { steps.min(marked + 1) } else { 0 };
    let done = (0..=most_done).find(|done| {
        let rest = all.get(..steps - done).unwrap_or(&all);
        let (over, open) = plan.steps.split_at(*done);
        are_same(rest, open, goes_up) && over.iter().all(|step| is_among(&behind, step, goes_up))
    });
    let Some(done) = done else {
        return Ok(Err(DbError::PlanConflict(format!(
            "the migrations that are pending are not those of plan {}; make a new one",
            plan.plan_id
        ))));
    };
    let leads_to = |place: usize| match all.get(if goes_up { place } else { place + 1 }) {
        Some(migration) => Target::Version(migration.version()),
        None => Target::All,
    };
    // Those that are done lead nowhere any more; they only keep the places of the others.
    let targets = std::iter::repeat_n(Target::All, done).chain((0..steps - done).map(leads_to));
    Ok(Ok(Chosen { steps, done, targets: targets.collect() }))
}

/// Remembers why a plan failed; who asked gets the error itself.
async fn failed(run: PlanRun, position: i32, error: MigrationError) -> Result<Plan, OpError> {
    let (plan_id, reason) = (run.plan().plan_id, error.to_string());
    let remembered = match position {
        0 => DbError::PlanConflict(format!("plan {plan_id} was not begun: {reason}")),
        _ => DbError::PlanFailed { plan_id, position, reason },
    };
    let _ = run.finish(Err(remembered)).await;
    Err(error.into())
}

fn are_same(migrations: &[Migration], steps: &[PlanStep], goes_up: bool) -> bool {
    migrations.len() == steps.len()
        && migrations.iter().zip(steps).all(|(one, step)| is_step(one, step, goes_up))
}

fn is_among(migrations: &[Migration], step: &PlanStep, goes_up: bool) -> bool {
    migrations.iter().any(|migration| is_step(migration, step, goes_up))
}

fn is_step(migration: &Migration, step: &PlanStep, goes_up: bool) -> bool {
    let direction = if goes_up { Direction::Up } else { Direction::Down };
    DraftStep::of_migration(migration, direction).sql == step.statement
}
