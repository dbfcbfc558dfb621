//! What follows a run, however it ended: its end is written down, and the rollups learn of its rows.

use shelfops_db::copy::CopySink;
use shelfops_db::models::{RunEnd, Tenant};
use shelfops_ingest::pipeline::{Outcome, PipelineError};
use uuid::Uuid;

use crate::ops::error::with_reasons;
use crate::ops::{Context, OpError};

/// Concludes a run. Batches that were committed stay when a run fails, so the rollups are refreshed
/// for them as well.
///
/// # Errors
/// Fails as the run did, else when the rollups could not be refreshed.
pub(crate) async fn conclude(
    context: &Context,
    tenant: &Tenant,
    sync_run_id: Uuid,
    sink: &CopySink,
    outcome: Result<Outcome, PipelineError>,
) -> Result<Outcome, OpError> {
    context.talk().done();
    record_end(context, tenant, sync_run_id, &outcome).await;
    let refreshed = refresh_rollups(context, sink).await;
    match (outcome, refreshed) {
        (Ok(outcome), refreshed) => refreshed.map(|()| outcome),
        (Err(error), Ok(())) => Err(error.into()),
        (Err(error), Err(unrefreshed)) => {
            tracing::warn!(error = %unrefreshed, "the rollups could not be refreshed");
            Err(error.into())
        }
    }
}

/// Writes down how the run ended. Where the database is gone, the run stays open there; what
/// failed is told to the user anyway.
async fn record_end(
    context: &Context,
    tenant: &Tenant,
    sync_run_id: Uuid,
    outcome: &Result<Outcome, PipelineError>,
) {
    let end = match outcome {
        Ok(outcome) if outcome.is_complete => RunEnd::Succeeded,
        Ok(_) => RunEnd::Stopped,
        Err(error) => RunEnd::Failed(with_reasons(error)),
    };
    let written = async {
        let tx = context.database().await?.tenant(tenant.customer_id).await?;
        tx.end_run(sync_run_id, &end).await?;
        tx.commit().await?;
        Ok::<_, OpError>(())
    };
    if let Err(error) = written.await {
        tracing::warn!(error = %error, "the end of the run could not be recorded");
    }
}

async fn refresh_rollups(context: &Context, sink: &CopySink) -> Result<(), OpError> {
    if let Some((from, to)) = sink.loaded_range() {
        context.database().await?.refresh_rollups(from, to).await?;
    }
    Ok(())
}
