//! How fresh each stream of a source is.

use jiff::Timestamp;
use serde::Serialize;
use shelfops_ingest::SourceName;

use super::timestamp;
use crate::error::doing;
use crate::{DbError, TenantTx};

/// How a stream was read last.
#[derive(Clone, Debug, Serialize)]
pub struct StreamFreshness {
    /// Which records.
    pub stream: String,
    /// When the latest run started.
    pub last_started_at: Option<Timestamp>,
    /// How it ended, or `running`.
    pub last_status: String,
    /// Why it failed.
    pub last_error: Option<String>,
    /// When a run last read to the end.
    pub last_success_at: Option<Timestamp>,
    /// Records that wait in quarantine.
    pub waiting: i64,
}

impl TenantTx {
    /// Returns how each stream of a source was read last, by stream; imports of files left out.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn freshness(&self, source: &SourceName) -> Result<Vec<StreamFreshness>, DbError> {
        let rows = self
            .query(
                "with runs as (
                     select stream, status, error, started_at, finished_at
                     from sync_runs
                     where customer_id = $1 and source = $2 and kind in ('sync', 'backfill')
                 ), waiting as (
                     select stream, count(*) as records
                     from quarantined_records
                     where customer_id = $1 and source = $2 and status = 'waiting'
                     group by stream
                 )
                 select latest.stream, latest.started_at, latest.status, latest.error,
                     success.finished_at, coalesce(waiting.records, 0)
                 from (
                     select distinct on (stream) stream, started_at, status, error
                     from runs
                     order by stream, started_at desc
                 ) as latest
                 left join (
                     select stream, max(finished_at) as finished_at
                     from runs
                     where status = 'succeeded'
                     group by stream
                 ) as success using (stream)
                 left join waiting using (stream)
                 order by latest.stream",
                &[&self.customer_id().as_uuid(), &source.as_str()],
            )
            .await
            .map_err(doing("look how fresh the streams are"))?;
        Ok(rows
            .iter()
            .map(|row| StreamFreshness {
                stream: row.get(0),
                last_started_at: timestamp(row.get(1)),
                last_status: row.get(2),
                last_error: row.get(3),
                last_success_at: row.get::<_, Option<_>>(4).and_then(timestamp),
                waiting: row.get(5),
            })
            .collect())
    }
}
