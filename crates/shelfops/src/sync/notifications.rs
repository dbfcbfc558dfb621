//! Notifications that were kept: read for what to look at.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderMap;
use serde_json::json;
use shelfops_db::models::{AuditEntry, Integration, IntegrationStatus, Tenant, WaitingEvent};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{Connector, Delivery, Hint, Reach};
use uuid::Uuid;

use super::connections::connector_of;
use super::failure::Unread;
use super::stream::{SyncReport, SyncRequest, read_stream};
use crate::ops::{Context, OpError};

/// How many notifications are settled together: of these, their streams are read once.
const AT_ONCE: usize = 2_000;

/// How many are held at once to be looked at.
const HELD: usize = 100;

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

/// Reads what the waiting notifications of an integration are about, each stream once. Those of a stream that
/// the tenant has not granted are settled with that reason: they keep no others waiting.
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
    let hints = look(context, tenant, integration, connector).await?;
    let events = hints.events.len();
    let is_complete = events < AT_ONCE;
    let mut processed = Processed { events, reports: Vec::new(), is_complete };
    if hints.events.is_empty() {
        return Ok(processed);
    }
    let mut ungranted = BTreeMap::new();
    if hints.is_disconnected {
        end(context, tenant, integration).await?;
    } else {
        // References before the records that point at them.
        for stream in connector.streams().iter().filter(|stream| hints.streams.contains(stream)) {
            let request = SyncRequest { reach: Reach::Recent, ..SyncRequest::new(*stream) };
            let report = match read_stream(context, tenant, integration, &request).await {
                Ok(report) => report,
                Err(Unread::Forbidden(error)) => {
                    ungranted.insert(*stream, error.with_reasons());
                    continue;
                }
                Err(Unread::Failed(error)) => return Err(error),
            };
            let is_stopped = report.is_stopped();
            processed.reports.push(report);
            if is_stopped {
                return Ok(Processed { events: 0, is_complete: false, ..processed });
            }
        }
    }
    settle(context, tenant, &hints, &ungranted).await?;
    Ok(processed)
}

/// Writes down that something was done about notifications, or why nothing can be.
async fn settle(
    context: &Context,
    tenant: &Tenant,
    hints: &Hints,
    ungranted: &BTreeMap<Stream, String>,
) -> Result<(), OpError> {
    let mut settled: BTreeMap<Option<&str>, Vec<Uuid>> = BTreeMap::new();
    for event in &hints.events {
        let why = event.streams.iter().find_map(|stream| ungranted.get(stream));
        settled.entry(why.map(String::as_str)).or_default().push(event.id);
    }
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    for (why, ids) in settled {
        tx.settle_webhook_events(&ids, why).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A notification that was looked at.
struct Looked {
    id: Uuid,
    streams: Vec<Stream>,
}

/// What notifications ask for, and which they are.
#[derive(Default)]
struct Hints {
    events: Vec<Looked>,
    streams: BTreeSet<Stream>,
    is_disconnected: bool,
}

/// Looks at the notifications that wait, a few at a time, and keeps of each what it asks for.
async fn look(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    connector: &dyn Connector,
) -> Result<Hints, OpError> {
    let mut hints = Hints::default();
    let mut last: Option<WaitingEvent> = None;
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    while hints.events.len() < AT_ONCE {
        let limit = i64::try_from(HELD).unwrap_or(i64::MAX);
        let id = integration.integration_id;
        let mut waiting = tx.waiting_webhook_events(id, last.as_ref(), limit).await?;
        for event in &waiting {
            let streams = hints.learn(connector, integration, event);
            hints.events.push(Looked { id: event.webhook_event_id, streams });
        }
        if waiting.len() < HELD {
            break;
        }
        last = waiting.pop();
    }
    tx.commit().await?;
    Ok(hints)
}

impl Hints {
    /// Learns what a notification asks for; answers which streams.
    fn learn(
        &mut self,
        connector: &dyn Connector,
        integration: &Integration,
        waiting: &WaitingEvent,
    ) -> Vec<Stream> {
        let Some(reader) = connector.webhooks() else { return vec![] };
        let (headers, body) = (HeaderMap::new(), waiting.payload.to_string());
        let delivery = Delivery { url: "", headers: &headers, body: body.as_bytes() };
        // It was read once before it was kept.
        let Ok(event) = reader.parse(&delivery) else { return vec![] };
        let mut streams = Vec::new();
        for hint in event.hints {
            match hint {
                Hint::Sync(stream) => {
                    streams.push(stream);
                    self.streams.insert(stream);
                }
                // One that comes late may be of a connection before this one.
                Hint::Disconnected => {
                    let ended = event.created_at.zip(integration.connected_at);
                    self.is_disconnected |= ended.is_none_or(|(ended, made)| ended >= made);
                }
            }
        }
        streams
    }
}

/// The vendor says that the tenant has ended the connection.
async fn end(context: &Context, tenant: &Tenant, integration: &Integration) -> Result<(), OpError> {
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let reason = "the tenant ended the connection at the vendor: connect it again";
    let (id, made_at) = (integration.integration_id, integration.connected_at);
    if !tx.revoke_integration(id, made_at, Some(reason)).await? {
        // Connected again meanwhile: that connection is another.
        return Ok(());
    }
    tx.audit(&AuditEntry {
        principal: "vendor-notification",
        operation: "integration remove",
        input: json!({ "source": integration.source }),
        outcome: "done",
        detail: Some(reason.to_owned()),
    })
    .await?;
    tx.commit().await?;
    context.connections().forget(integration.integration_id).await;
    Ok(())
}
