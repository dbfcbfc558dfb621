//! What a connected system has brought just now, for those who watch.

use jiff::Timestamp;
use serde::Serialize;

use super::{Integration, system_time, timestamp};
use crate::error::doing;
use crate::{DbError, TenantTx};

/// What the last minute brought.
#[derive(Clone, Debug, Serialize)]
pub struct Pulse {
    /// Lines that were sold in the last minute and are in the tables.
    pub lines: i64,
    /// When the newest of them was sold.
    pub newest_at: Option<Timestamp>,
    /// Notifications that wait to be looked at.
    pub waiting_notifications: i64,
    /// How long the slowest notification that came since somebody watches, and was looked at in the last
    /// minute, took from its arrival until what it is about was in the tables, in seconds.
    pub slowest_notification: Option<f64>,
    /// Records that wait in quarantine.
    pub quarantined: i64,
}

impl TenantTx {
    /// Returns what an integration has brought in the last minute, to one who watches since a moment: what
    /// came before may have waited because nobody was there to look at it.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn pulse(
        &self,
        integration: &Integration,
        since: Timestamp,
    ) -> Result<Pulse, DbError> {
        let row = self
            .query_one(
                "select lines.sold, lines.newest, events.waiting, events.slowest, quarantine.waiting
                 from (
                     select count(*) as sold, max(occurred_at) as newest
                     from transactions
                     where customer_id = $1 and source = $2
                         and occurred_at > now() - interval '1 minute'
                 ) as lines
                 cross join (
                     select count(*) filter (where processed_at is null) as waiting,
                         extract(epoch from max(processed_at - received_at) filter (
                             where processed_at > now() - interval '1 minute' and received_at >= $4
                         ))::float8 as slowest
                     from webhook_events
                     where customer_id = $1 and integration_id = $3
                         and received_at > now() - interval '1 hour'
                 ) as events
                 cross join (
                     select count(*) as waiting
                     from quarantined_records
                     where customer_id = $1 and source = $2 and status = 'waiting'
                 ) as quarantine",
                &[
                    &self.customer_id().as_uuid(),
                    &integration.source.as_str(),
                    &integration.integration_id,
                    &system_time(since),
                ],
            )
            .await
            .map_err(doing("look at what has just come"))?;
        Ok(Pulse {
            lines: row.get(0),
            newest_at: row.get::<_, Option<_>>(1).and_then(timestamp),
            waiting_notifications: row.get(2),
            slowest_notification: row.get(3),
            quarantined: row.get(4),
        })
    }
}
