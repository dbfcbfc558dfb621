//! Why a connection cannot be read: of each stream its own reason.

use serde_json::json;
use shelfops_ingest::Stream;

use super::{Integration, system_time};
use crate::error::doing;
use crate::{DbError, TenantTx};

/// What a failure is written down under that concerns no stream more than another.
const CONNECTION: &str = "connection";

impl TenantTx {
    /// Writes down whether a stream of a connection can be read, and why not; without a stream, whether the
    /// connection can. A stream that can be read shows that the connection can, and says nothing of the
    /// other streams: as long as one of them cannot, the connection has failed. Answers whether it was
    /// written. What was found out about a connection is nothing to the one made after it, nor to one that
    /// was paused or ended.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn note_integration_failure(
        &self,
        seen: &Integration,
        stream: Option<Stream>,
        error: Option<&str>,
    ) -> Result<bool, DbError> {
        let place = stream.map_or(CONNECTION, Stream::name);
        let (mended, failed) = match error {
            Some(error) => (vec![], json!({ place: error })),
            None => (vec![CONNECTION, place], json!({})),
        };
        let noted = self
            .execute(
                "update integrations set failures = (failures - $3::text[]) || $4::jsonb
                 where customer_id = $1 and integration_id = $2
                     and status in ('active', 'failed') and connected_at is not distinct from $5",
                &[
                    &self.customer_id().as_uuid(),
                    &seen.integration_id,
                    &mended,
                    &failed,
                    &seen.connected_at.map(system_time),
                ],
            )
            .await
            .map_err(doing("write down what cannot be read of the integration"))?;
        if noted == 0 {
            return Ok(false);
        }
        // In a statement of its own: whatever others noted meanwhile is in what it sees.
        self.execute(
            "update integrations
             set status = case when failures = '{}' then 'active' else 'failed' end,
                 last_error = (
                     select string_agg(reason, E'\\n' order by place)
                     from jsonb_each_text(failures) as failure (place, reason)
                 )
             where customer_id = $1 and integration_id = $2",
            &[&self.customer_id().as_uuid(), &seen.integration_id],
        )
        .await
        .map_err(doing("write down how the integration stands"))?;
        Ok(true)
    }
}
