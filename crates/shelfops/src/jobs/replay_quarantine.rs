//! Tries a tenant's quarantined records whose missing store, product or supplier has arrived.

use serde::{Deserialize, Serialize};
use shelfops_db::models::DueSchedule;
use shelfops_ingest::CustomerId;

use super::{Done, Work};
use crate::import::{Counts, replay_arrived};
use crate::ops::output::counted;
use crate::ops::{Context, OpError};

/// Tries records that may pass now.
pub(crate) struct ReplayQuarantine;

/// Whose records.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    customer_id: CustomerId,
}

impl Work for ReplayQuarantine {
    const NAME: &'static str = "replay-quarantine";
    const SUMMARY: &'static str = "Try records whose missing reference has arrived";

    type Payload = Payload;

    fn key(_payload: &Payload) -> Option<String> {
        Some("arrived".to_owned())
    }

    fn scheduled(due: &DueSchedule) -> Option<Payload> {
        due.customer_id.map(|customer_id| Payload { customer_id })
    }

    async fn run(context: &Context, payload: Payload) -> Result<Done, OpError> {
        let tenant = context.database().await?.tenant_of(payload.customer_id).await?;
        let replay = replay_arrived(context, &tenant).await?;
        if let Some(failed) = replay.failed.into_iter().next() {
            return Err(failed.error.of(&failed.source));
        }
        let mut totals = Counts::default();
        for report in &replay.reports {
            totals.add(&report.counts);
        }
        Ok(Done::All(format!(
            "{} tried, {} still refused",
            counted(totals.read, "record"),
            totals.quarantined
        )))
    }
}
