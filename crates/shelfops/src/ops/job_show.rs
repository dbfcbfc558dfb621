//! Shows one background job.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::{Job, JobFilter};
use shelfops_db::{Database, OperatorTx};

use super::job_list::Row;
use super::{Context, Effect, OpError, Operation, Output};

/// Shows one background job.
pub(crate) struct JobShow;

/// Which job.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Its number
    pub(crate) job: i64,
    /// The tenant whose job it is; none for work on the whole database
    #[arg(long)]
    #[serde(default)]
    pub(crate) tenant: Option<String>,
}

impl Operation for JobShow {
    const NAME: &'static str = "job show";
    const SUMMARY: &'static str = "Show a background job and why it failed last";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Row;

    async fn run(context: &Context, input: Input) -> Result<Output<Row>, OpError> {
        let database = context.database().await?;
        let operator = database.operator().await?;
        let found = look_up(&operator, input.job).await?;
        let tenant = match found.customer_id {
            Some(customer_id) => Some(database.tenant_of(customer_id).await?),
            None => None,
        };
        if let Some(wanted) = &input.tenant
            && tenant.as_ref().is_none_or(|tenant| tenant.slug != *wanted)
        {
            return Err(unknown(input.job));
        }
        let flag = tenant.as_ref().map(|tenant| format!(" --tenant {}", tenant.slug));
        let is_dead = found.state == "dead";
        let summary = match is_dead {
            true => format!("job {} is dead: it is not tried again by itself", input.job),
            false => format!("job {} is {}", input.job, found.state),
        };
        let row = Row::new(found, |_| tenant.as_ref().map(|tenant| tenant.slug.clone()));
        let output = Output::new(summary, row);
        Ok(if is_dead {
            let command = format!("shelfops job run {}{}", input.job, flag.unwrap_or_default());
            output.next(command, "tries again, once the reason is gone")
        } else {
            output
        })
    }
}

/// Finds a job that somebody wants to change: whoever names no tenant may touch no tenant's job.
pub(super) async fn find_job(
    database: &Database,
    operator: &OperatorTx,
    input: &Input,
) -> Result<Job, OpError> {
    let found = look_up(operator, input.job).await?;
    let wanted = match &input.tenant {
        Some(slug) => Some(database.find_tenant(slug).await?.customer_id),
        None => None,
    };
    match (found.customer_id, wanted) {
        (owner, wanted) if owner == wanted => Ok(found),
        (Some(_), None) => Err(OpError::usage(format!(
            "job {} is a tenant's: say whose with --tenant (`shelfops job show {}` tells)",
            input.job, input.job
        ))),
        _ => Err(unknown(input.job)),
    }
}

async fn look_up(operator: &OperatorTx, job_id: i64) -> Result<Job, OpError> {
    let filter = JobFilter { job_id: Some(job_id), limit: 1, ..JobFilter::default() };
    operator.jobs(&filter).await?.pop().ok_or_else(|| unknown(job_id))
}

fn unknown(job_id: i64) -> OpError {
    OpError::not_found(format!(
        "there is no job {job_id}; `shelfops job list` shows those that are not done"
    ))
}
