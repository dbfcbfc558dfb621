//! Notifications that were kept: read for what to look at.

use std::collections::BTreeSet;

use http::HeaderMap;
use shelfops_db::models::{Integration, IntegrationStatus, Tenant, WaitingEvent};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{Connector, Delivery, Hint, Reach};
use uuid::Uuid;

use super::connections::connector_of;
use super::stream::{SyncReport, SyncRequest, sync_stream};
use crate::ops::{Context, OpError};

/// How many notifications are looked at together; one with an order's lines takes some 20 kB.
const AT_ONCE: u16 = 2_000;

/// What the notifications of an integration led to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processed {
    /// How many were settled.
    pub(crate) events: usize,
    /// What was read because of them.
    pub(crate) reports: Vec<SyncReport>,
    /// Whether all that had come are settled: others wait on when a reading was told to stop, and when
    /// there are too many to be looked at together.
    pub(crate) is_complete: bool,
}

/// Reads what the waiting notifications of an integration are about, each stream once.
///
/// # Errors
/// Fails when a stream could not be read; its notifications wait on.
pub(crate) async fn process_notifications(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
) -> Result<Processed, OpError> {
    let connector = connector_of(integration)?;
    if integration.status == IntegrationStatus::Paused {
        return Ok(Processed { is_complete: true, ..Processed::default() });
    }
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let waiting = tx.waiting_webhook_events(integration.integration_id, i64::from(AT_ONCE)).await?;
    tx.commit().await?;
    let is_complete = waiting.len() < usize::from(AT_ONCE);
    let mut processed = Processed { events: waiting.len(), reports: Vec::new(), is_complete };
    if waiting.is_empty() {
        return Ok(processed);
    }
    let hints = hints_of(connector, integration, &waiting);
    if hints.is_disconnected {
        end(context, tenant, integration).await?;
    } else {
        // References before the records that point at them.
        for stream in connector.streams().iter().filter(|stream| hints.streams.contains(stream)) {
            let request = SyncRequest { reach: Reach::Recent, ..SyncRequest::new(*stream) };
            let report = sync_stream(context, tenant, integration, &request).await?;
            let is_stopped = report.status == "stopped";
            processed.reports.push(report);
            if is_stopped {
                return Ok(Processed { events: 0, is_complete: false, ..processed });
            }
        }
    }
    let ids: Vec<Uuid> = waiting.iter().map(|event| event.webhook_event_id).collect();
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    tx.settle_webhook_events(&ids, None).await?;
    tx.commit().await?;
    Ok(processed)
}

#[derive(Default)]
struct Hints {
    streams: BTreeSet<Stream>,
    is_disconnected: bool,
}

fn hints_of(
    connector: &dyn Connector,
    integration: &Integration,
    waiting: &[WaitingEvent],
) -> Hints {
    let mut hints = Hints::default();
    let Some(reader) = connector.webhooks() else { return hints };
    let headers = HeaderMap::new();
    for event in waiting {
        let body = event.payload.to_string();
        let delivery = Delivery { url: "", headers: &headers, body: body.as_bytes() };
        // It was read once before it was kept.
        let Ok(event) = reader.parse(&delivery) else { continue };
        for hint in event.hints {
            match hint {
                Hint::Sync(stream) => {
                    hints.streams.insert(stream);
                }
                // One that comes late may be of a connection before this one.
                Hint::Disconnected => {
                    let ended = event.created_at.zip(integration.connected_at);
                    hints.is_disconnected |= ended.is_none_or(|(ended, made)| ended >= made);
                }
            }
        }
    }
    hints
}

/// The vendor says that the tenant has ended the connection.
async fn end(context: &Context, tenant: &Tenant, integration: &Integration) -> Result<(), OpError> {
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let reason = "the tenant ended the connection at the vendor: connect it again";
    tx.revoke_integration(integration.integration_id, Some(reason)).await?;
    tx.commit().await?;
    context.connections().forget(integration.integration_id).await;
    Ok(())
}
