//! What an error of a vendor means for its integration.

use std::error::Error as _;
use std::time::Duration;

use shelfops_db::DbError;
use shelfops_db::models::{ConnectionPart, Integration, IntegrationStatus, Tenant};
use shelfops_ingest::Stream;
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

/// Why a stream was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// The tenant has not granted it; other streams may be read all the same.
    Forbidden(OpError),
    /// Anything else.
    Failed(OpError),
}

/// A stream that the tenant has not granted: what must be, and what opens the vendor's page again.
#[derive(Debug, thiserror::Error)]
#[error(
    "{stream} of {system} cannot be read: {refusal} by `shelfops integration connect --tenant {slug} \
     --source {system}`"
)]
pub(super) struct Ungranted {
    stream: Stream,
    system: String,
    slug: String,
    refusal: String,
}

impl Ungranted {
    /// Says it of a stream, if that is the vendor's error.
    pub(super) fn find(
        tenant: &Tenant,
        integration: &Integration,
        stream: Stream,
        error: &ConnectorError,
    ) -> Option<Self> {
        let ConnectorError::Forbidden { .. } = error else { return None };
        let (system, slug) = (integration.source.to_string(), tenant.slug.to_string());
        Some(Self { stream, system, slug, refusal: error.to_string() })
    }
}

/// A connection that the vendor has ended: what opens the vendor's page again.
#[derive(Debug, thiserror::Error)]
#[error(
    "{system} must be connected again by `shelfops integration connect --tenant {slug} --source {system}`, \
     nothing is read before"
)]
pub(super) struct Ended {
    system: String,
    slug: String,
    source: ConnectorError,
}

impl Ended {
    /// Says it of an error that means it, with what to do; any other error is said as it is.
    pub(super) fn tell(
        tenant: &Tenant,
        integration: &Integration,
        error: ConnectorError,
    ) -> OpError {
        if part(None, &error) != ConnectionPart::Grant {
            return error.into();
        }
        let (system, slug) = (integration.source.to_string(), tenant.slug.to_string());
        OpError::from_error(ErrorKind::ReconnectNeeded, Self { system, slug, source: error })
    }
}

impl Unread {
    /// Returns why.
    pub(super) fn into_error(self) -> OpError {
        match self {
            Self::Forbidden(error) | Self::Failed(error) => error,
        }
    }
}

impl From<OpError> for Unread {
    fn from(error: OpError) -> Self {
        Self::Failed(error)
    }
}

impl From<DbError> for Unread {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Ungranted> for Unread {
    fn from(error: Ungranted) -> Self {
        Self::Forbidden(OpError::from_error(ErrorKind::ReconnectNeeded, error))
    }
}

/// Writes down that a stream cannot be read until somebody does something, or the whole integration where
/// the vendor does not let us in. What passes by itself is no reason to write anything down.
pub(super) async fn note(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    stream: Option<Stream>,
    error: &ConnectorError,
) {
    if let Disposition::Retry { .. } = error.disposition() {
        return;
    }
    let part = part(stream, error);
    let reason = match part {
        ConnectionPart::Connection => with_reasons(error),
        ConnectionPart::Grant => format!(
            "{} by `shelfops integration connect --tenant {} --source {}`",
            with_reasons(error),
            tenant.slug,
            integration.source
        ),
        ConnectionPart::Stream(stream) => Ungranted::find(tenant, integration, stream, error)
            .map_or_else(
                || format!("{stream} cannot be read: {}", with_reasons(error)),
                |ungranted| ungranted.to_string(),
            ),
    };
    let written = set(context, tenant, integration, part, Some(&reason)).await;
    if let Err(unwritten) = written {
        tracing::warn!(error = %unwritten, "the integration's failure was not written down");
    }
}

/// Writes down that a part of a connection is well again, if it was not. It says nothing of other streams.
pub(super) async fn clear(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    part: ConnectionPart,
) -> Result<(), OpError> {
    if integration.status == IntegrationStatus::Failed {
        set(context, tenant, integration, part, None).await?;
    }
    Ok(())
}

/// Says what an error concerns: the stream that was read, or all of them.
fn part(stream: Option<Stream>, error: &ConnectorError) -> ConnectionPart {
    match (error, stream) {
        (ConnectorError::Token { .. } | ConnectorError::Disconnected { .. }, _)
            if error.disposition() == Disposition::Reconnect =>
        {
            ConnectionPart::Grant
        }
        (ConnectorError::Token { .. }, _) | (_, None) => ConnectionPart::Connection,
        (_, Some(stream)) => ConnectionPart::Stream(stream),
    }
}

async fn set(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    part: ConnectionPart,
    error: Option<&str>,
) -> Result<(), OpError> {
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let is_noted = tx.note_integration_failure(integration, part, error).await?;
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
