//! Rejects a plan.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shelfops_db::models::PlanDecision;

use super::plan_show::told;
use super::{Context, Effect, OpError, Operation, Output};

/// Rejects a plan.
pub(crate) struct PlanReject;

/// Which plan, and why.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The plan's number
    pub(crate) plan: i64,
    /// Why
    #[arg(long)]
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

impl Operation for PlanReject {
    const NAME: &'static str = "plan reject";
    const SUMMARY: &'static str = "Reject a plan, also one that is approved and not applied yet";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Value;

    async fn run(context: &Context, input: Input) -> Result<Output<Value>, OpError> {
        let by = context.principal().to_string();
        let operator = context.database().await?.operator().await?;
        let decision = PlanDecision { approves: false, by: &by, reason: input.reason.as_deref() };
        let plan = operator.decide_plan(input.plan, decision).await?;
        operator.commit().await?;
        Ok(told(format!("plan {} rejected by {by}", plan.plan_id), &plan))
    }
}
