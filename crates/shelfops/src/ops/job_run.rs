//! Runs a job again, or now.

use super::job_show::{Input, find_job};
use super::{Context, Effect, OpError, Operation, Output};

/// Runs a job again, or now.
pub(crate) struct JobRun;

impl Operation for JobRun {
    const NAME: &'static str = "job run";
    const SUMMARY: &'static str =
        "Run a job now, with all its attempts before it: also one that is dead";
    const DETAILS: &'static str = "\
A worker does it, as soon as one is free and no other job of its integration runs.";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = ();

    fn changes_tenant(input: &Input) -> Option<&str> {
        input.tenant.as_deref()
    }

    async fn run(context: &Context, input: Input) -> Result<Output<()>, OpError> {
        let database = context.database().await?;
        let operator = database.operator().await?;
        let found = find_job(database, &operator, &input).await?;
        if !operator.run_job(input.job).await? {
            return Err(OpError::conflict(format!(
                "job {} is {}: a worker is at it, and it cannot be begun twice",
                input.job, found.state
            )));
        }
        operator.commit().await?;
        Ok(Output::new(
            format!("job {} will be done by the next worker that is free", input.job),
            (),
        ))
    }
}
