//! Reads one stream of an integration on from where it stopped.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use shelfops_db::models::DueSchedule;
use shelfops_ingest::{CustomerId, Stream};
use uuid::Uuid;

use super::integration::{Readable, reachable, unread};
use super::process_webhooks::notification_job;
use super::{Done, Work};
use crate::ops::output::counted;
use crate::ops::{Context, OpError};
use crate::sync::{SyncRequest, sync_stream};

/// How long a notification waits at most where its job was put.
const OVERLOOKED: SignedDuration = SignedDuration::from_mins(2);

/// Reads a stream.
pub(crate) struct Sync;

/// Which stream of whose system.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    customer_id: CustomerId,
    integration_id: Uuid,
    stream: Stream,
}

impl Work for Sync {
    const NAME: &'static str = "sync";
    const SUMMARY: &'static str = "Read what is new of one stream of an integration";

    type Payload = Payload;

    fn queue(payload: &Payload) -> Option<String> {
        Some(payload.integration_id.to_string())
    }

    fn key(payload: &Payload) -> Option<String> {
        Some(format!("{}/{}", payload.integration_id, payload.stream))
    }

    fn scheduled(due: &DueSchedule) -> Option<Payload> {
        Some(Payload {
            customer_id: due.customer_id?,
            integration_id: due.integration_id?,
            stream: due.stream.as_ref()?.parse().ok()?,
        })
    }

    async fn run(context: &Context, payload: Payload) -> Result<Done, OpError> {
        let Payload { customer_id, integration_id, stream } = payload;
        let (tenant, integration) = match reachable(context, customer_id, integration_id).await? {
            Readable::Yes(found) => *found,
            Readable::No(why) => return Ok(Done::All(why)),
        };
        // First: a connection that the tenant has ended cannot be read, and its notification says so.
        put_lost_job(context, customer_id, integration_id).await?;
        if let Some(why) = unread(&tenant, &integration) {
            return Ok(Done::All(why));
        }
        let request = SyncRequest::new(stream);
        let report = sync_stream(context, &tenant, &integration, &request).await?;
        let said = format!(
            "{} of {}, {} new, {} updated, {} quarantined",
            counted(report.counts.read, "record"),
            report.source,
            report.counts.inserted,
            report.counts.updated,
            report.counts.quarantined,
        );
        Ok(if report.is_stopped() { Done::Part(said) } else { Done::All(said) })
    }
}

/// Puts the job for notifications that wait and were overlooked: whoever kept them died before it put it.
async fn put_lost_job(
    context: &Context,
    customer_id: CustomerId,
    integration_id: Uuid,
) -> Result<(), OpError> {
    let tx = context.database().await?.tenant(customer_id).await?;
    let Ok(long_ago) = context.now().checked_sub(OVERLOOKED) else { return Ok(()) };
    if tx.have_webhook_events_waited(integration_id, long_ago).await? {
        tx.enqueue_unless_waiting(&notification_job(customer_id, integration_id)).await?;
    }
    tx.commit().await?;
    Ok(())
}
