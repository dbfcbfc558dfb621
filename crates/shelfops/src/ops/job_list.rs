//! Lists background jobs.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shelfops_db::models::{Job, JobFilter, JobState};
use shelfops_ingest::CustomerId;

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};
use crate::jobs::{find, told};

/// Lists background jobs.
pub(crate) struct JobList;

/// Which jobs.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Only this tenant's
    #[arg(long)]
    #[serde(default)]
    pub(crate) tenant: Option<String>,
    /// Only in this state: waiting, running, retrying, paused or dead
    #[arg(long)]
    #[serde(default)]
    pub(crate) state: Option<String>,
    /// Only of this kind
    #[arg(long)]
    #[serde(default)]
    pub(crate) kind: Option<String>,
    /// How many, newest first
    #[arg(long, default_value_t = 20)]
    #[serde(default = "default_limit")]
    pub(crate) limit: i64,
}

const fn default_limit() -> i64 {
    20
}

/// One job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    pub(super) job: i64,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) tenant: Option<String>,
    /// What it is told besides the tenant.
    pub(super) told: Value,
    pub(super) attempts: String,
    pub(super) created_at: Option<String>,
    pub(super) started_at: Option<String>,
    pub(super) next_try_at: Option<String>,
    pub(super) error: Option<String>,
}

impl Row {
    /// Shows a job; `tenants` are the names of those that have jobs.
    pub(super) fn new(job: Job, slug_of: impl Fn(CustomerId) -> Option<String>) -> Self {
        let will_be_tried = ["waiting", "retrying"].contains(&job.state.as_str());
        Self {
            job: job.job_id,
            kind: job.kind,
            tenant: job.customer_id.map(|id| slug_of(id).unwrap_or_else(|| id.to_string())),
            told: told(&job.payload),
            attempts: format!("{} of {}", job.attempts, job.max_attempts),
            created_at: job.created_at.map(|at| at.to_string()),
            started_at: job.started_at.map(|at| at.to_string()),
            next_try_at: job.run_at.filter(|_| will_be_tried).map(|at| at.to_string()),
            error: job.last_error,
            state: job.state,
        }
    }
}

impl Operation for JobList {
    const NAME: &'static str = "job list";
    const SUMMARY: &'static str = "List background jobs: waiting, running, retrying, paused, dead";
    const DETAILS: &'static str = "\
A job that used up its attempts is dead: it stays for 30 days, and `shelfops job run ID` tries again.
Jobs that are done are not kept; what they did stands in `shelfops sync list`.";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let state = input.state.as_deref().map(parse_state).transpose()?;
        input.kind.as_deref().map(find).transpose()?;
        let database = context.database().await?;
        let customer_id = match &input.tenant {
            Some(slug) => Some(database.find_tenant(slug).await?.customer_id),
            None => None,
        };
        let operator = database.operator().await?;
        let filter = JobFilter {
            job_id: None,
            customer_id,
            kind: input.kind.as_deref(),
            state,
            limit: input.limit.clamp(1, 10_000),
        };
        let jobs = operator.jobs(&filter).await?;
        let tenants = operator.tenants().await?;
        let slug_of = |customer_id| {
            let tenant = tenants.iter().find(|tenant| tenant.customer_id == customer_id);
            tenant.map(|tenant| tenant.slug.clone())
        };
        let dead = jobs.iter().filter(|job| job.state == JobState::Dead.name()).count();
        let first_dead = jobs.iter().find(|job| job.state == JobState::Dead.name());
        let next = first_dead.map(|job| format!("shelfops job show {}", job.job_id));
        let rows: Vec<Row> = jobs.into_iter().map(|job| Row::new(job, slug_of)).collect();
        let output = Output::new(counted(rows.len(), "job"), rows);
        Ok(match next {
            Some(next) => output
                .risk(format!("{} will not be tried again by itself", counted(dead, "job")))
                .next(next, "says why"),
            None => output,
        })
    }
}

fn parse_state(word: &str) -> Result<JobState, OpError> {
    JobState::ALL.into_iter().find(|state| state.name() == word).ok_or_else(|| {
        let names = JobState::ALL.map(JobState::name).join(", ");
        OpError::usage(format!("there is no state '{word}'; there are {names}"))
    })
}
