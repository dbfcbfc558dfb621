//! What an error of a vendor means for its integration.

use std::time::Duration;

use shelfops_db::models::{Integration, IntegrationStatus, Tenant};
use shelfops_ingest::pipeline::PipelineError;
use shelfops_integrations::connector::{ConnectorError, Disposition};

use crate::ops::error::{ErrorKind, with_reasons};
use crate::ops::{Context, OpError};

/// Finds the vendor's error behind one of the pipeline.
pub(super) fn of_pipeline(error: &PipelineError) -> Option<&ConnectorError> {
    match error {
        PipelineError::Source(source) => ConnectorError::behind(source),
        _ => None,
    }
}

/// Writes down that an integration cannot be read until somebody does something. What passes by itself
/// is no reason to write anything down.
pub(super) async fn note(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    error: &ConnectorError,
) {
    if let Disposition::Retry { .. } = error.disposition() {
        return;
    }
    let reason = with_reasons(error);
    let written = set(context, tenant, integration, Some(&reason)).await;
    if let Err(unwritten) = written {
        tracing::warn!(error = %unwritten, "the integration's failure was not written down");
    }
}

/// Writes down that an integration can be read again, if it could not.
pub(super) async fn clear(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
) -> Result<(), OpError> {
    if integration.status == IntegrationStatus::Failed {
        set(context, tenant, integration, None).await?;
    }
    Ok(())
}

async fn set(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    error: Option<&str>,
) -> Result<(), OpError> {
    let status = match error {
        Some(_) => IntegrationStatus::Failed,
        None => IntegrationStatus::Active,
    };
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    tx.set_integration_status(integration.integration_id, status, error).await?;
    tx.commit().await?;
    Ok(())
}

/// What a caller can do about a vendor's error: what passes is somebody else's trouble.
pub(crate) fn kind(error: &ConnectorError) -> ErrorKind {
    match error.disposition() {
        Disposition::Retry { .. } => ErrorKind::DependencyDown,
        Disposition::Reconnect | Disposition::Quarantine | Disposition::Stop => ErrorKind::Failed,
    }
}

/// How long a vendor asked us to wait.
pub(crate) const fn asked_pause(error: &ConnectorError) -> Option<Duration> {
    match error.disposition() {
        Disposition::Retry { after } => after,
        _ => None,
    }
}
