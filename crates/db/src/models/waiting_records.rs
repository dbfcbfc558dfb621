//! What waits in quarantine of one source, and why.

use jiff::Timestamp;
use serde::Serialize;
use shelfops_ingest::SourceName;

use super::timestamp;
use crate::error::doing;
use crate::{DbError, TenantTx};

/// How many records of one source wait for one reason.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingRecords {
    /// The stream.
    pub stream: String,
    /// The rule.
    pub rule: String,
    /// How many wait.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub oldest_at: Option<Timestamp>,
    /// The reason of the newest.
    pub example: String,
}

impl TenantTx {
    /// Counts what waits of a source, by stream and rule, the most first.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn waiting_records(
        &self,
        source: &SourceName,
    ) -> Result<Vec<WaitingRecords>, DbError> {
        let rows = self
            .query(
                "select stream, rule, count(*), min(quarantined_at),
                     (array_agg(reason order by quarantined_at desc, record_number))[1]
                 from quarantined_records
                 where customer_id = $1 and source = $2 and status = 'waiting'
                 group by stream, rule
                 order by count(*) desc, stream, rule",
                &[&self.customer_id().as_uuid(), &source.as_str()],
            )
            .await
            .map_err(doing("count what waits of the source"))?;
        Ok(rows
            .iter()
            .map(|row| WaitingRecords {
                stream: row.get(0),
                rule: row.get(1),
                waiting: row.get(2),
                oldest_at: timestamp(row.get(3)),
                example: row.get(4),
            })
            .collect())
    }
}
