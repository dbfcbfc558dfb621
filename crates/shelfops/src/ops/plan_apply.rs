//! Applies a plan that was approved.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan_approve::check_hash;
use super::plan_show::told;
use super::{Context, Effect, OpError, Operation, Output};
use crate::plan::apply;

/// Applies a plan.
pub(crate) struct PlanApply;

/// Which plan.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The plan's number
    pub(crate) plan: i64,
    /// The first characters of its hash, eight at least
    #[arg(long, value_name = "HASH")]
    #[serde(default)]
    pub(crate) hash: Option<String>,
}

impl Operation for PlanApply {
    const NAME: &'static str = "plan apply";
    const SUMMARY: &'static str = "Apply a plan that was approved, once";
    const DETAILS: &'static str = "\
Refused when it is not approved, too old, changed since, or for a schema that is another by now. Of two
processes that apply it at once, one does.";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Value;

    async fn run(context: &Context, input: Input) -> Result<Output<Value>, OpError> {
        let operator = context.database().await?.operator().await?;
        check_hash(&operator.plan(input.plan).await?, input.hash.as_deref())?;
        drop(operator);
        let plan = apply(context, input.plan).await?;
        Ok(told(format!("plan {} applied: {}", plan.plan_id, plan.title), &plan)
            .next("shelfops migrate drift", "says whether the schema is as declared now"))
    }
}
