//! Approves a plan: a person at a terminal, and nobody else.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shelfops_db::models::{Plan, PlanDecision};

use super::plan_show::told;
use super::{Context, Effect, OpError, Operation, Output};
use crate::plan::{Consent, approver, consent_to};

/// Approves a plan.
pub(crate) struct PlanApprove;

/// Fewer characters of a hash could be those of another plan.
const FEWEST_CHARACTERS: usize = 8;

/// Which plan, and why.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The plan's number
    pub(crate) plan: i64,
    /// The first characters of its hash, eight at least: what is destructive wants them
    #[arg(long, value_name = "HASH")]
    #[serde(default)]
    pub(crate) hash: Option<String>,
    /// Why
    #[arg(long)]
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

impl Operation for PlanApprove {
    const NAME: &'static str = "plan approve";
    const SUMMARY: &'static str = "Approve a plan: a person, on a terminal";
    const DETAILS: &'static str = "\
Neither a key nor a program can approve, whatever it may do besides. In production, what is destructive
is approved by another person than the one who made it.

Example: shelfops plan approve 12 --hash 3f9a0c2b --reason 'rehearsed on Tuesday'";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Value;

    async fn run(context: &Context, input: Input) -> Result<Output<Value>, OpError> {
        let by = approver(context)?;
        let operator = context.database().await?.operator().await?;
        let plan = operator.plan(input.plan).await?;
        let consent = consent_to(&plan);
        check_hash(&plan, input.hash.as_deref())?;
        if plan.effect == "destructive" && input.hash.is_none() {
            return Err(OpError::usage(format!(
                "plan {} is destructive: say which with --hash, as `shelfops plan show {0}` shows it",
                plan.plan_id
            )));
        }
        if consent == Consent::AnotherPerson && plan.created_by == by {
            return Err(OpError::forbidden(format!(
                "plan {} is destructive and was made by you: another person approves it",
                plan.plan_id
            )));
        }
        let decision = PlanDecision { approves: true, by: &by, reason: input.reason.as_deref() };
        let plan = operator.decide_plan(input.plan, decision).await?;
        operator.commit().await?;
        Ok(told(format!("plan {} approved by {by}", plan.plan_id), &plan))
    }
}

/// Refuses a hash that is not the plan's.
pub(super) fn check_hash(plan: &Plan, hash: Option<&str>) -> Result<(), OpError> {
    let Some(hash) = hash else { return Ok(()) };
    if hash.len() < FEWEST_CHARACTERS {
        return Err(OpError::usage(format!(
            "give at least {FEWEST_CHARACTERS} characters of the plan's hash"
        )));
    }
    if plan.content_hash.starts_with(&hash.to_lowercase()) {
        return Ok(());
    }
    Err(OpError::conflict(format!(
        "plan {} has another hash: it is not the plan that you looked at",
        plan.plan_id
    )))
}
