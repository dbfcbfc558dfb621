//! Lets a paused job go on.

use super::job_show::{Input, find_job};
use super::{Context, Effect, OpError, Operation, Output};

/// Lets a paused job go on.
pub(crate) struct JobResume;

impl Operation for JobResume {
    const NAME: &'static str = "job resume";
    const SUMMARY: &'static str = "Let a paused job go on";
    const DETAILS: &'static str = "\
It is tried at once.";
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
        if !operator.resume_job(input.job).await? {
            return Err(OpError::conflict(format!(
                "job {} is {}: only a paused one can be resumed",
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
