//! Takes applied migrations back.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::{Migrator, Target};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};

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
    duration_ms: u64,
}

impl Operation for MigrateDown {
    const NAME: &'static str = "migrate down";
    const SUMMARY: &'static str = "Take the schema back: undo what was applied, newest first";
    const DETAILS: &'static str = "Going down drops tables with their rows, so it wants --delete-data once there is a tenant.";
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
        let tenants = match database.operator().await {
            Ok(operator) => operator.tenants().await.map_or(0, |tenants| tenants.len()),
            Err(_) => 0,
        };
        if tenants > 0 && !input.delete_data {
            return Err(OpError::usage(format!(
                "going down drops tables with all rows of {}; say --delete-data if they may go",
                counted(tenants, "tenant")
            )));
        }
        let talk = context.talk();
        let migrator = Migrator::new(database, context.config().timeseries_engine);
        let done = migrator
            .down(target, |migration| talk.say(&format!("taking back {}", migration.file)))
            .await?;
        let rows: Vec<Row> = done
            .into_iter()
            .map(|done| Row {
                version: done.version.to_string(),
                name: done.name,
                duration_ms: done.duration_ms,
            })
            .collect();
        Ok(match rows.len() {
            0 => Output::new("nothing to do: no migration is applied", rows),
            count => Output::new(format!("took back {}", counted(count, "migration")), rows)
                .next("shelfops migrate up", "builds the schema again"),
        })
    }
}
