//! Compares each store's last day with the vendor's, and reads again what differs.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use shelfops_db::models::DueSchedule;
use shelfops_ingest::CustomerId;
use uuid::Uuid;

use super::integration::{Readable, readable};
use super::{Done, Work};
use crate::ops::output::counted;
use crate::ops::{Context, OpError};
use crate::sync::{Days, reconcile};

/// Compares a day.
pub(crate) struct Reconcile;

/// Which day of whose system.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    customer_id: CustomerId,
    integration_id: Uuid,
    /// The day; else the one that ended last before `due_at`, by each store's own clock. Fixed when the job
    /// is put, so that an attempt on the next day is about the same days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
}

impl Work for Reconcile {
    const NAME: &'static str = "reconcile";
    const SUMMARY: &'static str = "Compare a day's sales with the vendor's";

    type Payload = Payload;

    fn queue(payload: &Payload) -> Option<String> {
        Some(payload.integration_id.to_string())
    }

    fn key(payload: &Payload) -> Option<String> {
        let Payload { integration_id, day, due_at, .. } = payload;
        let day = day.or_else(|| due_at.map(|at| TimeZone::UTC.to_datetime(at).date()));
        Some(
            day.map_or_else(|| integration_id.to_string(), |day| format!("{integration_id}/{day}")),
        )
    }

    fn scheduled(due: &DueSchedule) -> Option<Payload> {
        Some(Payload {
            customer_id: due.customer_id?,
            integration_id: due.integration_id?,
            day: None,
            due_at: due.due_at,
        })
    }

    async fn run(context: &Context, payload: Payload) -> Result<Done, OpError> {
        let Payload { customer_id, integration_id, day, due_at } = payload;
        let (tenant, integration) = match readable(context, customer_id, integration_id).await? {
            Readable::Yes(found) => *found,
            Readable::No(why) => return Ok(Done::All(why)),
        };
        let which = match day {
            Some(day) => Days::Of(day),
            None => Days::EndedBy(due_at.unwrap_or_else(|| context.now())),
        };
        let compared = reconcile(context, &tenant, &integration, which).await?;
        let reports = &compared.reports;
        let with = |outcome| reports.iter().filter(|report| report.outcome == outcome).count();
        let said = format!(
            "{} compared, {} repaired, {} still differ",
            counted(reports.len(), "store's day"),
            with("repaired"),
            with("differs"),
        );
        if let Some(error) = compared.failed {
            context.talk().say(&format!("{} of {}: {said}", integration.source, tenant.slug));
            return Err(error);
        }
        Ok(if compared.is_complete { Done::All(said) } else { Done::Part(said) })
    }
}
