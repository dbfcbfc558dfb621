//! Says where each migration stands.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::{MigrationState, Migrator};

use super::output::{Verdict, counted};
use super::{Context, Effect, OpError, Operation, Output};

/// Says where each migration stands.
pub(crate) struct MigrateStatus;

/// Nothing to say.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {}

/// One migration.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    version: String,
    name: String,
    state: String,
    applied_at: Option<String>,
}

impl Operation for MigrateStatus {
    const NAME: &'static str = "migrate status";
    const SUMMARY: &'static str = "Say of each migration whether it is applied";
    const DETAILS: &'static str =
        "Exits with 3 when an applied migration was changed or is unknown.";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, _input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let database = context.database().await?;
        let statuses = Migrator::new(database, context.config().timeseries_engine).status().await?;
        let count = |state| statuses.iter().filter(|status| status.state == state).count();
        let (pending, applied) = (count(MigrationState::Pending), count(MigrationState::Applied));
        let wrong = count(MigrationState::Changed) + count(MigrationState::Unknown);
        let rows = statuses
            .iter()
            .map(|status| Row {
                version: status.version.to_string(),
                name: status.name.clone(),
                state: name(status.state).to_owned(),
                applied_at: status.applied_at.map(|at| at.to_string()),
            })
            .collect();
        let output = Output::new(format!("{applied} applied, {pending} pending"), rows);
        Ok(if wrong > 0 {
            output
                .line(format!("{wrong} do not match this program"))
                .risk("nothing is applied or taken back until they match")
                .verdict(Verdict::Problems)
        } else if pending > 0 {
            output.next("shelfops migrate up", format!("applies {}", counted(pending, "migration")))
        } else {
            output
        })
    }
}

const fn name(state: MigrationState) -> &'static str {
    match state {
        MigrationState::Applied => "applied",
        MigrationState::Pending => "pending",
        MigrationState::Changed => "changed",
        MigrationState::Unknown => "unknown",
    }
}
