//! Lists the tables that are partitioned by time.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};

/// Lists the time series.
pub(crate) struct TimeseriesList;

/// Nothing to say.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {}

impl Operation for TimeseriesList {
    const NAME: &'static str = "timeseries list";
    const SUMMARY: &'static str = "List tables partitioned by time, with their sizes";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Vec<Value>;

    async fn run(context: &Context, _input: Input) -> Result<Output<Vec<Value>>, OpError> {
        let operator = context.database().await?.operator().await?;
        let engine = operator.timeseries_engine().await?;
        let series = operator.time_series().await?;
        let chunks: i64 = series.iter().map(|table| table.chunk_count).sum();
        let summary = format!(
            "{} time series in {}, kept by {engine}",
            series.len(),
            counted(chunks, "chunk")
        );
        Ok(Output::new(summary, series.iter().map(|table| json!(table)).collect()))
    }
}
