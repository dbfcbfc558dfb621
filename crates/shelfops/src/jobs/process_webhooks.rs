//! Reads what the waiting notifications of an integration are about.

use serde::{Deserialize, Serialize};
use shelfops_db::models::{DueSchedule, NewJob};
use shelfops_ingest::CustomerId;
use uuid::Uuid;

use super::integration::{Readable, reachable};
use super::{Done, Work};
use crate::ops::output::counted;
use crate::ops::{Context, OpError};
use crate::sync::process_notifications;

/// Looks at notifications.
pub(crate) struct ProcessWebhooks;

/// Of whose system.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    customer_id: CustomerId,
    integration_id: Uuid,
}

/// Returns the job that looks at an integration's notifications: put after one is kept, in a transaction of
/// its own, so that neither notifications nor those who send them wait for it.
pub(crate) fn notification_job(customer_id: CustomerId, integration_id: Uuid) -> NewJob {
    ProcessWebhooks::job(&Payload { customer_id, integration_id })
}

impl Work for ProcessWebhooks {
    const NAME: &'static str = "process-webhooks";
    const SUMMARY: &'static str = "Read what a vendor's notifications are about";

    type Payload = Payload;

    fn queue(payload: &Payload) -> Option<String> {
        Some(payload.integration_id.to_string())
    }

    fn key(payload: &Payload) -> Option<String> {
        Some(payload.integration_id.to_string())
    }

    fn scheduled(due: &DueSchedule) -> Option<Payload> {
        Some(Payload { customer_id: due.customer_id?, integration_id: due.integration_id? })
    }

    async fn run(context: &Context, payload: Payload) -> Result<Done, OpError> {
        let Payload { customer_id, integration_id } = payload;
        // Before it is looked how the integration stands: that may change while this waits.
        let _first = context.precedence().begin_live(integration_id).await;
        let (tenant, integration) = match reachable(context, customer_id, integration_id).await? {
            Readable::Yes(found) => *found,
            Readable::No(why) => return Ok(Done::All(why)),
        };
        let processed = process_notifications(context, &tenant, &integration).await?;
        let read: u64 = processed.reports.iter().map(|report| report.counts.read).sum();
        let said = format!(
            "{}, {} read because of them",
            counted(processed.events, "notification"),
            counted(read, "record"),
        );
        Ok(if processed.is_complete { Done::All(said) } else { Done::Part(said) })
    }
}
