//! Lists runs.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Context, Effect, OpError, Operation, Output};

/// Lists runs.
pub(crate) struct SyncList;

/// Whose runs, and how many.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// How many, newest first
    #[arg(long, default_value_t = 20)]
    #[serde(default = "default_limit")]
    pub(crate) limit: i64,
}

const fn default_limit() -> i64 {
    20
}

/// One run.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    started_at: Option<String>,
    kind: String,
    stream: String,
    origin: String,
    status: String,
    read: i64,
    inserted: i64,
    updated: i64,
    unchanged: i64,
    quarantined: i64,
    seconds: Option<f64>,
    error: Option<String>,
    run: String,
}

impl Operation for SyncList {
    const NAME: &'static str = "sync list";
    const SUMMARY: &'static str = "List imports and other runs, with what became of every record";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let runs = tx.runs(input.limit.clamp(1, 10_000)).await?;
        let rows: Vec<Row> = runs
            .into_iter()
            .map(|run| Row {
                started_at: run.started_at.map(|at| at.to_string()),
                kind: run.kind,
                stream: run.stream,
                origin: run.origin_name,
                status: run.status,
                read: run.read,
                inserted: run.inserted,
                updated: run.updated,
                unchanged: run.unchanged,
                quarantined: run.quarantined,
                seconds: run.started_at.zip(run.finished_at).map(|(from, to)| {
                    (to.duration_since(from).as_secs_f64() * 10.0).round() / 10.0
                }),
                error: run.error,
                run: run.sync_run_id.to_string(),
            })
            .collect();
        let summary = match rows.len() {
            0 => format!("nothing was read for {} yet", tenant.slug),
            count => format!("the newest {count} runs of {}", tenant.slug),
        };
        Ok(Output::new(summary, rows))
    }
}
