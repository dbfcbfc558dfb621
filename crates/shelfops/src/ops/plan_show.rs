//! Shows a plan.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shelfops_db::models::Plan;

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};
use crate::plan::{Consent, consent_to, page};

/// Shows a plan.
pub(crate) struct PlanShow;

/// Which plan.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The plan's number
    pub(crate) plan: i64,
}

impl Operation for PlanShow {
    const NAME: &'static str = "plan show";
    const SUMMARY: &'static str =
        "Show a plan: statements, locks, what it touches, how it is taken back, who did what";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Value;

    async fn run(context: &Context, input: Input) -> Result<Output<Value>, OpError> {
        let operator = context.database().await?.operator().await?;
        let plan = operator.plan(input.plan).await?;
        Ok(told(format!("plan {}: {}, {}", plan.plan_id, plan.title, plan.state), &plan))
    }
}

/// Tells a plan, with what has to be done next.
pub(super) fn told(summary: String, plan: &Plan) -> Output<Value> {
    let id = plan.plan_id;
    let output = Output::new(summary, json!(plan)).page(page(plan)).why(
        format!("{} of {}", plan.effect, counted(plan.steps.len(), "step")),
        format!("touches {} rows, {} bytes", plan.touches["rows"], plan.touches["bytes"]),
    );
    let short: String = plan.content_hash.chars().take(12).collect();
    match plan.state.as_str() {
        "proposed" => {
            let who = match consent_to(plan) {
                Consent::AnotherPerson => "another person than its author reads and approves it",
                _ => "a person reads and approves it, on a terminal",
            };
            output.next(format!("shelfops plan approve {id} --hash {short}"), who)
        }
        "approved" => output.next(
            format!("shelfops plan apply {id} --hash {short}"),
            "does it, if the schema is still the one it is for",
        ),
        _ => output,
    }
}
