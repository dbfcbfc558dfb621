//! Lists plans.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::Plan;

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};

/// Lists plans.
pub(crate) struct PlanList;

/// What can become of a plan.
const STATES: [&str; 7] =
    ["proposed", "approved", "rejected", "applying", "applied", "failed", "expired"];

/// Which plans.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Only in this state: proposed, approved, rejected, applying, applied, failed or expired
    #[arg(long)]
    #[serde(default)]
    pub(crate) state: Option<String>,
    /// How many, newest first
    #[arg(long, default_value_t = 20)]
    #[serde(default = "default_limit")]
    pub(crate) limit: i64,
}

const fn default_limit() -> i64 {
    20
}

/// One plan.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    pub(super) plan: i64,
    pub(super) state: String,
    pub(super) effect: String,
    pub(super) environment: String,
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) created_by: String,
    pub(super) created_at: Option<String>,
    pub(super) expires_at: Option<String>,
    pub(super) decided_by: Option<String>,
    pub(super) hash: String,
}

impl From<&Plan> for Row {
    fn from(plan: &Plan) -> Self {
        Self {
            plan: plan.plan_id,
            state: plan.state.clone(),
            effect: plan.effect.clone(),
            environment: plan.environment.clone(),
            kind: plan.kind.clone(),
            title: plan.title.clone(),
            created_by: plan.created_by.clone(),
            created_at: plan.created_at.map(|at| at.to_string()),
            expires_at: plan.expires_at.map(|at| at.to_string()),
            decided_by: plan.decided_by.clone(),
            hash: plan.content_hash.chars().take(12).collect(),
        }
    }
}

impl Operation for PlanList {
    const NAME: &'static str = "plan list";
    const SUMMARY: &'static str =
        "List plans: what waits for approval, and what became of the others";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        if let Some(state) = &input.state
            && !STATES.contains(&state.as_str())
        {
            let states = STATES.join(", ");
            return Err(OpError::usage(format!("there is no state '{state}'; there are {states}")));
        }
        let operator = context.database().await?.operator().await?;
        let plans = operator.plans(input.state.as_deref(), input.limit.clamp(1, 10_000)).await?;
        let waiting: Vec<i64> =
            plans.iter().filter(|plan| plan.state == "proposed").map(|plan| plan.plan_id).collect();
        let rows: Vec<Row> = plans.iter().map(Row::from).collect();
        let output = Output::new(counted(rows.len(), "plan"), rows);
        Ok(match waiting.first() {
            Some(first) => output
                .line(format!("{} waiting for approval", waiting.len()))
                .next(format!("shelfops plan show {first}"), "shows what it would do"),
            None => output,
        })
    }
}
