//! Takes applied migrations back.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_advisor::drift::Weight;
use shelfops_advisor::lint::consequences;
use shelfops_db::models::PlanRuns;
use shelfops_db::{Database, DbError, Direction, Migration, Migrator, Target};

use super::migrate_up::{STORE, made};
use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};
use crate::plan::{Draft, DraftStep, Environment, has_store, propose};

/// Takes applied migrations back.
pub(crate) struct MigrateDown;

/// How far.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Take back that many [default: 1]
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["to", "all"])]
    #[serde(default)]
    pub(crate) steps: Option<usize>,
    /// Take back down to that version, which stays
    #[arg(long, value_name = "VERSION", conflicts_with = "all")]
    #[serde(default)]
    pub(crate) to: Option<i64>,
    /// Take back everything
    #[arg(long)]
    #[serde(default)]
    pub(crate) all: bool,
    /// Say that the data in what is dropped may go
    #[arg(long)]
    #[serde(default)]
    pub(crate) delete_data: bool,
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

impl Operation for MigrateDown {
    const NAME: &'static str = "migrate down";
    const SUMMARY: &'static str = "Take the schema back: undo what was applied, newest first";
    const DETAILS: &'static str =
        "Where going down drops tables or columns with what is in them, or deletes rows, it wants
--delete-data once there is a tenant.
Outside development a plan is made instead, and somebody approves it: exit code 4.";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let target = match (input.all, input.to, input.steps) {
            (true, _, _) => Target::All,
            (false, Some(version), _) => Target::Version(version),
            (false, None, steps) => Target::Steps(steps.unwrap_or(1)),
        };
        let database = context.database().await?;
        let tenants = count_tenants(database).await?;
        let migrator = Migrator::new(database, context.config().timeseries_engine);
        if tenants > 0 && !input.delete_data {
            let lost = losses(&migrator.applied(target).await?);
            if !lost.is_empty() {
                return Err(OpError::usage(format!(
                    "going down takes data of {} with it: {}; say --delete-data if it may go",
                    counted(tenants, "tenant"),
                    named(&lost)
                )));
            }
        }
        if context.config().environment != Environment::Development
            && let Some(planned) = planned(context, target).await?
        {
            return Ok(planned);
        }
        let talk = context.talk();
        let done = migrator
            .down(target, |migration| talk.say(&format!("taking back {}", migration.file)))
            .await?;
        let rows: Vec<Row> = done
            .into_iter()
            .map(|done| Row {
                version: done.version.to_string(),
                name: done.name,
                duration_ms: Some(done.duration_ms),
                plan: None,
            })
            .collect();
        Ok(match rows.len() {
            0 => Output::new("nothing to do: no migration is applied", rows),
            count => Output::new(format!("took back {}", counted(count, "migration")), rows)
                .next("shelfops migrate up", "builds the schema again"),
        })
    }
}

/// Counts whose rows would go. Only a database without a schema is known to have none: whatever else
/// keeps us from looking is an error, since guessing "none" here deletes data that nobody agreed to.
async fn count_tenants(database: &Database) -> Result<usize, OpError> {
    match database.operator().await {
        Ok(operator) => Ok(operator.tenants().await?.len()),
        Err(DbError::NotMigrated) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Returns the statements of what is taken back that lose something, each in a line.
fn losses(migrations: &[Migration]) -> Vec<String> {
    migrations
        .iter()
        .flat_map(|migration| consequences(migration.text(Direction::Down)))
        .filter(|statement| statement.weight == Weight::Destroys)
        .map(|statement| statement.sql.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Names the first of some statements, and says how many more there are.
fn named(statements: &[String]) -> String {
    const SHOWN: usize = 5;
    const SHOWN_CHARACTERS: usize = 90;
    let shown = statements.iter().take(SHOWN).map(|sql| {
        let cut = sql.char_indices().nth(SHOWN_CHARACTERS);
        cut.map_or_else(|| sql.clone(), |(end, _)| format!("{}…", &sql[..end]))
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match statements.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Makes a plan of what would be taken back; `None` where that is nothing.
async fn planned(context: &Context, target: Target) -> Result<Option<Output<Vec<Row>>>, OpError> {
    let migrator = Migrator::new(context.database().await?, context.config().timeseries_engine);
    let applied = migrator.applied(target).await?;
    if applied.is_empty() {
        return Ok(None);
    }
    if !has_store(context).await? {
        return Err(OpError::approval_needed(format!(
            "this schema is older than plans, so there is nowhere to keep one and nobody can approve what \
             is lost: `shelfops migrate up --to {STORE}` brings it there first"
        )));
    }
    let draft = Draft {
        kind: "migrate-down",
        title: format!("take back {}", counted(applied.len(), "migration")),
        runs: PlanRuns::MigrationsDown,
        steps: applied.iter().map(|one| DraftStep::of_migration(one, Direction::Down)).collect(),
        reversal: "shelfops migrate up builds the schema again; rows that went do not come back"
            .to_owned(),
        tables: Vec::new(),
        touches: serde_json::json!({}),
    };
    let plan = propose(context, draft).await?;
    let rows = applied.iter().map(|one| Row {
        version: one.version().to_string(),
        name: one.name().to_owned(),
        duration_ms: None,
        plan: Some(plan.plan_id),
    });
    Ok(Some(made(&plan, rows.collect())))
}
