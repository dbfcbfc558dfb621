//! Records that wait, found and read to be tried again.

use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::doing;
use crate::{DbError, TenantTx};

/// A waiting record with what is needed to read it again.
#[derive(Clone, Debug)]
pub struct ReplayCandidate {
    /// Its id.
    pub quarantined_record_id: Uuid,
    /// The run that found it: [`TenantTx::run_options`] says how it read.
    pub sync_run_id: Uuid,
    /// The record as its source told it.
    pub raw: Value,
}

/// A source and stream that has waiting records, told in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingGroup {
    /// Of which of the tenant's systems.
    pub source: String,
    /// Of which stream.
    pub stream: String,
    /// Whether they stood in a file, or a system told them that is asked.
    pub is_of_file: bool,
}

/// Where waiting records to replay are from, and which of those.
#[derive(Clone, Copy, Debug)]
pub struct ReplayFilter<'a> {
    /// Of which of the tenant's systems.
    pub source: &'a str,
    /// Of which stream.
    pub stream: &'a str,
    /// Those that stood in a file, or those that a system told which is asked.
    pub is_of_file: bool,
    /// Which.
    pub choice: ReplayChoice<'a>,
}

/// Which waiting records to replay.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayChoice<'a> {
    /// Only those of one rule.
    pub rule: Option<&'a str>,
    /// Only one record.
    pub quarantined_record_id: Option<Uuid>,
    /// Only those whose missing reference has arrived.
    pub only_arrived: bool,
}

impl TenantTx {
    /// Lists the sources and streams that have waiting records, references before what points at
    /// them: those with a record that `choice` means. What files told of a source and what its system told
    /// are apart, as what is left out means something else: the run that found a record knows.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn waiting_groups(
        &self,
        choice: &ReplayChoice<'_>,
    ) -> Result<Vec<WaitingGroup>, DbError> {
        let rows = self
            .query(
                "select record.source, record.stream, not run.options ? 'connector' as is_of_file
                 from quarantined_records as record
                 join sync_runs as run
                     on run.customer_id = record.customer_id
                     and run.sync_run_id = record.sync_run_id
                 where record.customer_id = $1
                     and record.status = 'waiting'
                     and ($3::text is null or record.rule = $3)
                     and ($4::uuid is null or record.quarantined_record_id = $4)
                     and (not $2 or exists (
                         select from external_ids as external
                         where external.customer_id = record.customer_id
                             and external.source = record.source
                             and external.entity = record.missing_entity
                             and external.external_id = record.missing_external_id
                     ))
                 group by 1, 2, 3
                 order by 1, array_position(
                     array['stores', 'products', 'suppliers', 'transactions', 'inventory',
                           'purchase-orders'], record.stream), 3",
                &[
                    &self.customer_id().as_uuid(),
                    &choice.only_arrived,
                    &choice.rule,
                    &choice.quarantined_record_id,
                ],
            )
            .await
            .map_err(doing("look for records to replay"))?;
        let group = |row: &Row| WaitingGroup {
            source: row.get(0),
            stream: row.get(1),
            is_of_file: row.get(2),
        };
        Ok(rows.iter().map(group).collect())
    }

    /// Lists the next records to replay, in the order of their ids, after one of them.
    ///
    /// With `only_arrived`, those whose missing reference has arrived; else all that wait and match.
    /// Ids alone, because finding them costs a look at all that waits: ask for many at once.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn replay_ids(
        &self,
        filter: &ReplayFilter<'_>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Uuid>, DbError> {
        let rows = self
            .query(
                "select record.quarantined_record_id
                 from quarantined_records as record
                 join sync_runs as run
                     on run.customer_id = record.customer_id
                     and run.sync_run_id = record.sync_run_id
                 where record.customer_id = $1
                     and record.status = 'waiting'
                     and record.source = $2
                     and record.stream = $3
                     and (not run.options ? 'connector') = $9
                     and ($4::text is null or record.rule = $4)
                     and ($5::uuid is null or record.quarantined_record_id = $5)
                     and ($6::uuid is null or record.quarantined_record_id > $6)
                     and (not $7 or exists (
                         select from external_ids as external
                         where external.customer_id = record.customer_id
                             and external.source = record.source
                             and external.entity = record.missing_entity
                             and external.external_id = record.missing_external_id
                     ))
                 order by record.quarantined_record_id
                 limit $8",
                &[
                    &self.customer_id().as_uuid(),
                    &filter.source,
                    &filter.stream,
                    &filter.choice.rule,
                    &filter.choice.quarantined_record_id,
                    &after,
                    &filter.choice.only_arrived,
                    &limit,
                    &filter.is_of_file,
                ],
            )
            .await
            .map_err(doing("look for records to replay"))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Returns how many of the first of some records take so many bytes as text; one at least.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn replay_portion(&self, ids: &[Uuid], most_bytes: i64) -> Result<usize, DbError> {
        let row = self
            .query_one(
                "select coalesce(max(place), 0)
                 from (
                     select wanted.place,
                         sum(
                             -- What is stored compressed may be a hundred times as large.
                             case
                                 when pg_column_compression(record.raw) is null
                                     then pg_column_size(record.raw)
                                 else octet_length(record.raw::text)
                             end
                         ) over (order by wanted.place) as bytes
                     from unnest($2::uuid[]) with ordinality as wanted (id, place)
                     join quarantined_records as record
                         on record.customer_id = $1
                         and record.quarantined_record_id = wanted.id
                 ) as sized
                 where bytes <= $3",
                &[&self.customer_id().as_uuid(), &ids, &most_bytes],
            )
            .await
            .map_err(doing("measure records to replay"))?;
        Ok(usize::try_from(row.get::<_, i64>(0)).unwrap_or_default().max(1))
    }

    /// Reads records to replay, in the order of their ids; those that no longer wait are left out.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn replay_candidates(&self, ids: &[Uuid]) -> Result<Vec<ReplayCandidate>, DbError> {
        let rows = self
            .query(
                "select record.quarantined_record_id, record.sync_run_id, record.raw
                 from unnest($2::uuid[]) as wanted (id)
                 join quarantined_records as record
                     on record.customer_id = $1
                     and record.quarantined_record_id = wanted.id
                 where record.status = 'waiting'
                 order by record.quarantined_record_id",
                &[&self.customer_id().as_uuid(), &ids],
            )
            .await
            .map_err(doing("read records to replay"))?;
        Ok(rows
            .iter()
            .map(|row| ReplayCandidate {
                quarantined_record_id: row.get(0),
                sync_run_id: row.get(1),
                raw: row.get(2),
            })
            .collect())
    }
}
