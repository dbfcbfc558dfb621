//! Why a connection cannot be read: of each stream its own reason.

use serde_json::json;
use shelfops_ingest::Stream;

use super::integration::GRANT;
use super::{Integration, system_time};
use crate::error::doing;
use crate::{DbError, TenantTx};

/// What of a connection is well or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionPart {
    /// One stream.
    Stream(Stream),
    /// The connection, whichever stream is read.
    Connection,
    /// What the tenant granted: once the vendor has said that it is gone, asking again is of no use.
    Grant,
}

impl ConnectionPart {
    /// What a failure of it is written down under.
    fn place(self) -> &'static str {
        match self {
            Self::Stream(stream) => stream.name(),
            Self::Connection => "connection",
            Self::Grant => GRANT,
        }
    }

    /// What else is known to be well when it is: whoever is let in is let in.
    fn mended(self) -> Vec<&'static str> {
        let mut mended = vec![Self::Connection.place(), self.place()];
        if let Self::Stream(_) = self {
            mended.push(Self::Grant.place());
        }
        mended
    }
}

impl TenantTx {
    /// Writes down whether a part of a connection is well, and why not. A stream that can be read shows that
    /// the connection and the grant are, and says nothing of the other streams: as long as anything is not
    /// well, the connection has failed. Answers whether it was written. What was found out about a connection
    /// is nothing to the one made after it, nor to one that was paused or ended.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn note_integration_failure(
        &self,
        seen: &Integration,
        part: ConnectionPart,
        error: Option<&str>,
    ) -> Result<bool, DbError> {
        let (mended, failed) = match error {
            Some(error) => (vec![], json!({ part.place(): error })),
            None => (part.mended(), json!({})),
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
