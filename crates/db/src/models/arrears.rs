//! What is still to be done for everybody: for whoever watches the platform.

use std::collections::BTreeMap;

use crate::error::doing;
use crate::{Database, DbError, TenantTx};

/// What waits, of all tenants together. No tenant is named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrears {
    /// Jobs by state: `waiting`, `running`, `retrying`, `paused` and `dead`.
    pub jobs: BTreeMap<String, i64>,
    /// Notifications that nobody has looked at.
    pub notifications: i64,
    /// How long the oldest of them has waited, in seconds.
    pub oldest_notification: f64,
    /// Records that wait in quarantine.
    pub quarantined: i64,
    /// By stream: how long ago the connected system that is worst off was last read to its end, in
    /// seconds.
    pub lag: BTreeMap<String, f64>,
}

impl Database {
    /// Returns what waits, of all tenants together.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn arrears(&self) -> Result<Arrears, DbError> {
        let operator = self.operator().await?;
        let mut arrears = Arrears { jobs: operator.jobs_by_state().await?, ..Arrears::default() };
        let tenants = operator.tenants().await?;
        operator.commit().await?;
        for tenant in tenants {
            // One that cannot be counted hides nobody else.
            let counted = async {
                let tx = self.tenant(tenant.customer_id).await?;
                tx.add_arrears(&mut arrears).await?;
                tx.commit().await
            };
            if let Err(error) = counted.await {
                tracing::warn!(tenant = tenant.slug, %error, "what waits could not be counted");
            }
        }
        Ok(arrears)
    }
}

impl TenantTx {
    async fn add_arrears(&self, arrears: &mut Arrears) -> Result<(), DbError> {
        let customer_id = self.customer_id().as_uuid();
        let waiting = self
            .query_one(
                "select events.waiting, events.oldest, quarantine.waiting
                 from (
                     select count(*) as waiting,
                         coalesce(extract(epoch from now() - min(received_at)), 0)::float8 as oldest
                     from webhook_events
                     where customer_id = $1 and processed_at is null
                 ) as events
                 cross join (
                     select count(*) as waiting
                     from quarantined_records
                     where customer_id = $1 and status = 'waiting'
                 ) as quarantine",
                &[&customer_id],
            )
            .await
            .map_err(doing("count what waits"))?;
        arrears.notifications += waiting.get::<_, i64>(0);
        arrears.oldest_notification = arrears.oldest_notification.max(waiting.get(1));
        arrears.quarantined += waiting.get::<_, i64>(2);
        // Readings of a span, as for a comparison, have cursors of their own. What was never read to its
        // end, or not at all, is late since it was connected.
        let lags = self
            .query(
                "select schedule.stream, extract(epoch from now() - case
                     when cursor.is_complete then cursor.advanced_at
                     else coalesce(integration.connected_at, integration.created_at)
                 end)::float8
                 from integrations as integration
                 join schedules as schedule
                     on schedule.customer_id = integration.customer_id
                     and schedule.integration_id = integration.integration_id
                 left join sync_cursors as cursor
                     on cursor.customer_id = integration.customer_id
                     and cursor.source = integration.source
                     and cursor.stream = schedule.stream
                     and cursor.origin =
                         'integration/' || integration.integration_id || '/' || schedule.stream
                 where integration.customer_id = $1
                     and schedule.customer_id = $1
                     and integration.status in ('active', 'failed')
                     and schedule.kind = 'sync'
                     and schedule.stream is not null
                     -- What nobody wants to be read is late only if it was read once.
                     and (cursor.stream is not null or not schedule.is_paused)",
                &[&customer_id],
            )
            .await
            .map_err(doing("look how late the streams are"))?;
        for row in &lags {
            let worst = arrears.lag.entry(row.get(0)).or_default();
            *worst = worst.max(row.get(1));
        }
        Ok(())
    }
}
