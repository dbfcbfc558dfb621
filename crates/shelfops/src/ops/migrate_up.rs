//! Applies pending migrations.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::{Plan, PlanRuns};
use shelfops_db::{Direction, Migrator, Target};

use super::output::{Verdict, counted};
use super::{Context, Effect, OpError, Operation, Output};
use crate::plan::{Draft, DraftStep, Environment, has_store, propose};

/// Applies pending migrations.
pub(crate) struct MigrateUp;

/// How far.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Apply at most that many
    #[arg(long, value_name = "COUNT", conflicts_with = "to")]
    #[serde(default)]
    pub(crate) steps: Option<usize>,
    /// Apply up to that version, including it
    #[arg(long, value_name = "VERSION")]
    #[serde(default)]
    pub(crate) to: Option<i64>,
    /// Make a plan of it, also where nobody has to approve
    #[arg(long)]
    #[serde(default)]
    pub(crate) plan: bool,
}

/// One migration.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    version: String,
    name: String,
    /// How long it took; none where a plan was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// The plan that it is a step of.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<i64>,
}

impl Operation for MigrateUp {
    const NAME: &'static str = "migrate up";
    const SUMMARY: &'static str = "Build the schema: apply what is pending";
    const DETAILS: &'static str =
        "Each migration is one transaction: one that fails leaves nothing behind. Two processes may
migrate at once; one waits for the other. Outside development (--environment, SHELFOPS_ENVIRONMENT) a plan
is made instead, and somebody approves it: exit code 4. The first build of an empty database asks nobody.";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let target = match (input.steps, input.to) {
            (Some(steps), _) => Target::Steps(steps),
            (None, Some(version)) => Target::Version(version),
            (None, None) => Target::All,
        };
        if (input.plan || context.config().environment != Environment::Development)
            && let Some(planned) = planned(context, target, &input).await?
        {
            return Ok(planned);
        }
        let database = context.database().await?;
        let talk = context.talk();
        let migrator = Migrator::new(database, context.config().timeseries_engine);
        let applied = migrator
            .up(target, |migration| talk.say(&format!("applying {}", migration.file)))
            .await?;
        let rows: Vec<Row> = applied
            .into_iter()
            .map(|done| Row {
                version: done.version.to_string(),
                name: done.name,
                duration_ms: Some(done.duration_ms),
                plan: None,
            })
            .collect();
        let engine = database.operator().await?.timeseries_engine().await;
        let output = match rows.len() {
            0 => Output::new("nothing to do: the schema is up to date", rows),
            count => Output::new(format!("applied {}", counted(count, "migration")), rows),
        };
        Ok(match engine {
            Ok(engine) => output.why(
                format!("time series are kept by the engine {engine}"),
                "chosen when the schema was first built, from what the server offers",
            ),
            Err(_) => output,
        })
    }
}

/// Makes a plan of what is pending; `None` where it is to be applied at once: there is no place for plans
/// yet, and nothing to lose.
async fn planned(
    context: &Context,
    target: Target,
    input: &Input,
) -> Result<Option<Output<Vec<Row>>>, OpError> {
    let migrator = Migrator::new(context.database().await?, context.config().timeseries_engine);
    if !has_store(context).await? {
        let is_first_build = migrator.applied(Target::All).await?.is_empty();
        let leads_to_store = input.to.is_some_and(|version| version <= STORE);
        if is_first_build || leads_to_store {
            return Ok(None);
        }
        return Err(OpError::approval_needed(format!(
            "this schema is older than plans, so there is nowhere to keep one: `shelfops migrate up \
             --to {STORE}` applies what leads there without, then `shelfops migrate up` makes a plan"
        )));
    }
    let pending = migrator.pending(target).await?;
    if pending.is_empty() {
        return Ok(None);
    }
    let title = match pending.as_slice() {
        [only] => format!("apply {}", only.name()),
        several => format!("apply {}", counted(several.len(), "migration")),
    };
    let draft = Draft {
        kind: "migrate-up",
        title,
        runs: PlanRuns::MigrationsUp,
        steps: pending.iter().map(|one| DraftStep::of_migration(one, Direction::Up)).collect(),
        reversal: format!("shelfops migrate down --steps {}", pending.len()),
        tables: Vec::new(),
        touches: serde_json::json!({}),
    };
    let plan = propose(context, draft).await?;
    let rows = pending.iter().map(|one| Row {
        version: one.version().to_string(),
        name: one.name().to_owned(),
        duration_ms: None,
        plan: Some(plan.plan_id),
    });
    Ok(Some(made(&plan, rows.collect())))
}

/// The migration that makes the place for plans.
pub(super) const STORE: i64 = 20_261_127_130_000;

/// Tells of a plan that was made, and what has to be done with it.
pub(super) fn made<D>(plan: &Plan, data: D) -> Output<D> {
    let id = plan.plan_id;
    let output =
        Output::new(format!("made plan {id}: {}; nothing is applied yet", plan.title), data)
            .why(
                format!("it is {} in {}", plan.effect, plan.environment),
                format!("touches {} rows, {} bytes", plan.touches["rows"], plan.touches["bytes"]),
            )
            .next(format!("shelfops plan show {id}"), "shows each statement and what it locks");
    if plan.state == "approved" {
        return output.next(format!("shelfops plan apply {id}"), "policy asks nobody here");
    }
    output
        .next(format!("shelfops plan approve {id}"), "a person, on a terminal")
        .verdict(Verdict::ApprovalNeeded)
}
