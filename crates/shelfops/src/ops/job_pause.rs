//! Holds a job back.

use super::job_show::{Input, find_job};
use super::{Context, Effect, OpError, Operation, Output};

/// Holds a job back.
pub(crate) struct JobPause;

impl Operation for JobPause {
    const NAME: &'static str = "job pause";
    const SUMMARY: &'static str = "Hold a job back that waits or would be tried again";
    const DETAILS: &'static str = "\
As long as it is held back, its schedule puts no second one. A schedule rests with `schedule set --pause`.";
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
        if !operator.pause_job(input.job).await? {
            return Err(OpError::conflict(format!(
                "job {} is {}: only one that waits can be held back",
                input.job, found.state
            )));
        }
        operator.commit().await?;
        Ok(Output::new(format!("job {} is held back until it is resumed", input.job), ()))
    }
}
