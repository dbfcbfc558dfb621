//! Applies pending migrations.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::{Migrator, Target};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};

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
}

/// One migration.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    version: String,
    name: String,
    duration_ms: u64,
}

impl Operation for MigrateUp {
    const NAME: &'static str = "migrate up";
    const SUMMARY: &'static str = "Build the schema: apply what is pending";
    const DETAILS: &'static str =
        "Each migration is one transaction: one that fails leaves nothing behind. Two processes may
migrate at once; one waits for the other.";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let target = match (input.steps, input.to) {
            (Some(steps), _) => Target::Steps(steps),
            (None, Some(version)) => Target::Version(version),
            (None, None) => Target::All,
        };
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
                duration_ms: done.duration_ms,
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
