//! What an error of a vendor means for its integration.

use std::error::Error as _;
use std::time::Duration;

use shelfops_db::DbError;
use shelfops_db::models::{Integration, IntegrationStatus, Tenant};
use shelfops_ingest::pipeline::PipelineError;
use shelfops_ingest::source::SourceError;
use shelfops_integrations::connector::{ConnectorError, Disposition};
use shelfops_integrations::oauth::{TokenError, TokenStoreError};

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
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let is_noted = tx.note_integration_failure(integration, error).await?;
    tx.commit().await?;
    if !is_noted {
        tracing::info!(source = %integration.source, "it was connected again or ended meanwhile");
    }
    Ok(())
}

/// What a caller can do about a vendor's error: what passes is somebody else's trouble, and what is ours
/// is told apart from what is the vendor's.
pub(crate) fn kind(error: &ConnectorError) -> ErrorKind {
    match error {
        ConnectorError::Token { source: TokenError::Store(error) } => of_store(error),
        ConnectorError::Cursor { .. }
        | ConnectorError::Unsupported { .. }
        | ConnectorError::TaskLost { .. } => ErrorKind::Failed,
        vendors => match vendors.disposition() {
            Disposition::Retry { .. } => ErrorKind::VendorDown,
            Disposition::Reconnect => ErrorKind::ReconnectNeeded,
            Disposition::Quarantine | Disposition::Stop => ErrorKind::VendorTrouble,
        },
    }
}

/// A store of tokens is our own database.
fn of_store(error: &TokenStoreError) -> ErrorKind {
    match error.source() {
        // Nothing failed: nothing is stored.
        None => ErrorKind::ReconnectNeeded,
        Some(cause) if cause.downcast_ref().is_some_and(DbError::is_transient) => {
            ErrorKind::DependencyDown
        }
        Some(cause) => {
            cause.downcast_ref().map_or(ErrorKind::Failed, |cause: &OpError| cause.kind())
        }
    }
}

/// Wraps an error of reading, with what a caller can do about it.
pub(super) fn of_source(error: SourceError) -> OpError {
    let behind = ConnectorError::behind(&error);
    let (kind, pause) = (behind.map_or(ErrorKind::Failed, kind), behind.and_then(asked_pause));
    OpError::from_error(kind, error).with_pause(pause)
}

/// How long a vendor asked us to wait.
pub(crate) const fn asked_pause(error: &ConnectorError) -> Option<Duration> {
    match error.disposition() {
        Disposition::Retry { after } => after,
        _ => None,
    }
}
