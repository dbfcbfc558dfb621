//! Lists the chunks of a time series.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};

/// Lists the chunks of a time series.
pub(crate) struct TimeseriesShow;

/// Which one.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The table
    pub(crate) table: String,
}

impl Operation for TimeseriesShow {
    const NAME: &'static str = "timeseries show";
    const SUMMARY: &'static str = "List the chunks of a table, oldest first";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Vec<Value>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Value>>, OpError> {
        let operator = context.database().await?.operator().await?;
        let known = operator.time_series().await?;
        if !known.iter().any(|series| series.table == input.table) {
            let names: Vec<&str> = known.iter().map(|series| series.table.as_str()).collect();
            return Err(OpError::not_found(format!(
                "there is no time series '{}'; there are {}",
                input.table,
                names.join(" and ")
            )));
        }
        let chunks = operator.chunks(&input.table).await?;
        let summary = format!("{} of {}", counted(chunks.len(), "chunk"), input.table);
        Ok(Output::new(summary, chunks.iter().map(|chunk| json!(chunk)).collect()))
    }
}
