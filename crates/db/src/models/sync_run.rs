//! Runs: what was read when, and what became of every record.

use std::collections::BTreeMap;

use deadpool_postgres::Object;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use shelfops_ingest::batch::{BatchCounts, Written};
use shelfops_ingest::{CustomerId, SourceName, Stream};
use uuid::Uuid;

use super::{system_time, timestamp};
use crate::error::doing;
use crate::run_places::RunPlace;
use crate::{Database, DbError, TenantTx};

/// A run that is about to start.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Which of the tenant's systems.
    pub source: SourceName,
    /// Which records.
    pub stream: Stream,
    /// `import`, `sync`, `backfill` or `replay`.
    pub kind: &'static str,
    /// What is read: a fingerprint of a file, or a stream of a connection.
    pub origin: String,
    /// What people call it.
    pub origin_name: String,
    /// How it is read: enough to read a quarantined record again.
    pub options: Value,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum RunEnd {
    /// Read to the end.
    Succeeded,
    /// Stopped when asked to.
    Stopped,
    /// Failed, and why.
    Failed(String),
}

/// A run as it was recorded.
#[derive(Clone, Debug, Serialize)]
pub struct SyncRun {
    /// Its id.
    pub sync_run_id: Uuid,
    /// Which of the tenant's systems.
    pub source: String,
    /// Which records.
    pub stream: String,
    /// `import`, `sync`, `backfill` or `replay`.
    pub kind: String,
    /// What people call what was read.
    pub origin_name: String,
    /// `running`, `succeeded`, `stopped` or `failed`.
    pub status: String,
    /// Records read.
    pub read: i64,
    /// New rows.
    pub inserted: i64,
    /// Rows replaced by a newer version.
    pub updated: i64,
    /// Records that changed nothing.
    pub unchanged: i64,
    /// Records in quarantine.
    pub quarantined: i64,
    /// Why it failed.
    pub error: Option<String>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// Held while a run reads an origin, or while a token is renewed, so that no other process does the same;
/// ends with its holder.
pub struct RunLock {
    client: Option<Object>,
    /// Given up behind the lock: fields are dropped after [`Drop::drop`].
    _place: Option<RunPlace>,
}

impl RunLock {
    /// Takes the session that holds the lock; whoever runs has his place already.
    pub(crate) const fn held_by(client: Object) -> Self {
        Self { client: Some(client), _place: None }
    }

    /// Waits for a lock, so long at most.
    pub(crate) async fn wait_for(
        &self,
        name: &str,
        patience: &str,
    ) -> Result<(), tokio_postgres::Error> {
        let Some(client) = &self.client else { return Ok(()) };
        client.execute("select set_config('lock_timeout', $1, false)", &[&patience]).await?;
        client.execute("select pg_advisory_lock(hashtextextended($1, 1))", &[&name]).await?;
        Ok(())
    }

    /// Takes a lock unless somebody has it; answers whether it did.
    async fn try_take(&self, name: &str) -> Result<bool, tokio_postgres::Error> {
        let Some(client) = &self.client else { return Ok(false) };
        let row = client
            .query_one("select pg_try_advisory_lock(hashtextextended($1, 1))", &[&name])
            .await?;
        Ok(row.get(0))
    }

    /// Gives the lock up and keeps the session for whoever needs one next. A holder that is dropped instead
    /// closes it; opening another costs the server more than reading a few sales does.
    pub async fn release(mut self) {
        let Some(client) = &self.client else { return };
        let released =
            client.batch_execute("select pg_advisory_unlock_all(); reset lock_timeout").await;
        if released.is_ok() {
            drop(self.client.take());
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // The lock belongs to the session: closing it is what gives the lock up.
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

impl Database {
    /// Takes the lock of an origin, when there is a place for one more run. The caller holds no
    /// connection and no other lock: those who wait for a place would wait for each other.
    ///
    /// # Errors
    /// [`DbError::Busy`] when another process holds it.
    pub async fn lock_run(
        &self,
        customer_id: CustomerId,
        run: &NewRun,
    ) -> Result<RunLock, DbError> {
        let place = self.run_places().take().await;
        let client = self.lock_connection().await?;
        let name = format!("{customer_id}/{}/{}/{}", run.source, run.stream, run.origin);
        // Held before it is known: a session that may have taken the lock must not go back to the others.
        let lock = RunLock { client: Some(client), _place: Some(place) };
        if lock.try_take(&name).await.map_err(doing("lock what is to be read"))? {
            return Ok(lock);
        }
        lock.release().await;
        Err(DbError::Busy(run.origin_name.clone()))
    }
}

impl TenantTx {
    /// Records that a run starts. The caller holds the origin's lock, so a run of the same origin
    /// that never told its end is one whose process was killed: that is recorded, too.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn start_run(&self, run: &NewRun) -> Result<Uuid, DbError> {
        self.execute(
            "update sync_runs
             set status = 'failed',
                 error = 'its process ended before it could say why',
                 finished_at = clock_timestamp()
             where customer_id = $1
                 and source = $2
                 and stream = $3
                 and origin = $4
                 and status = 'running'",
            &[&self.customer_id().as_uuid(), &run.source.as_str(), &run.stream.name(), &run.origin],
        )
        .await
        .map_err(doing("record the end of runs that were killed"))?;
        let sync_run_id = Uuid::now_v7();
        self.execute(
            "insert into sync_runs
                 (customer_id, sync_run_id, source, stream, kind, origin, origin_name, options)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &self.customer_id().as_uuid(),
                &sync_run_id,
                &run.source.as_str(),
                &run.stream.name(),
                &run.kind,
                &run.origin,
                &run.origin_name,
                &run.options,
            ],
        )
        .await
        .map_err(doing("record the run"))?;
        Ok(sync_run_id)
    }

    /// Adds a batch to the counts of its run, in the batch's own transaction.
    pub(crate) async fn count_batch(
        &self,
        sync_run_id: Uuid,
        counts: &BatchCounts,
        written: &Written,
    ) -> Result<(), DbError> {
        let unchanged = written.unchanged + counts.repeated + counts.superseded;
        let quarantined: u64 =
            counts.quarantined.values().chain(written.quarantined.values()).sum();
        let warnings: BTreeMap<_, _> = counts.warnings.iter().collect();
        self.execute(
            "update sync_runs set
                 read_count = read_count + $3,
                 inserted_count = inserted_count + $4,
                 updated_count = updated_count + $5,
                 unchanged_count = unchanged_count + $6,
                 quarantined_count = quarantined_count + $7,
                 warnings = (
                     select coalesce(jsonb_object_agg(rule, total), '{}')
                     from (
                         select rule, sum(seen::bigint) as total
                         from (
                             select known.key, known.value from jsonb_each_text(warnings) as known
                             union all
                             select added.key, added.value from jsonb_each_text($8) as added
                         ) as counted (rule, seen)
                         group by rule
                     ) as summed
                 )
             where customer_id = $1 and sync_run_id = $2",
            &[
                &self.customer_id().as_uuid(),
                &sync_run_id,
                &as_bigint(counts.read),
                &as_bigint(written.inserted),
                &as_bigint(written.updated),
                &as_bigint(unchanged),
                &as_bigint(quarantined),
                &json!(warnings),
            ],
        )
        .await
        .map_err(doing("count the batch"))?;
        Ok(())
    }

    /// Records how a run ended.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn end_run(&self, sync_run_id: Uuid, end: &RunEnd) -> Result<(), DbError> {
        let (status, error) = match end {
            RunEnd::Succeeded => ("succeeded", None),
            RunEnd::Stopped => ("stopped", None),
            RunEnd::Failed(reason) => ("failed", Some(reason)),
        };
        self.execute(
            "update sync_runs
             set status = $3, error = $4, finished_at = clock_timestamp()
             where customer_id = $1 and sync_run_id = $2",
            &[&self.customer_id().as_uuid(), &sync_run_id, &status, &error],
        )
        .await
        .map_err(doing("record the end of the run"))?;
        Ok(())
    }

    /// Returns how a run was told to read.
    ///
    /// # Errors
    /// Fails when there is no such run, or when the server does.
    pub async fn run_options(&self, sync_run_id: Uuid) -> Result<Value, DbError> {
        let row = self
            .query_one(
                "select options from sync_runs where customer_id = $1 and sync_run_id = $2",
                &[&self.customer_id().as_uuid(), &sync_run_id],
            )
            .await
            .map_err(doing("read how a run was told to read"))?;
        Ok(row.get(0))
    }

    /// Forgets readings that ended before a moment, and those before another that found nothing new; answers
    /// how many. The last of each stream stay, and those that a cursor or a refused record tells of.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn forget_readings(
        &self,
        before: Timestamp,
        nothing_new_before: Timestamp,
    ) -> Result<u64, DbError> {
        self.execute(
            "delete from sync_runs as run
             where run.customer_id = $1 and run.kind = 'sync'
                 and (
                     run.finished_at < $2
                     or run.finished_at < $3 and run.status = 'succeeded'
                         and run.inserted_count + run.updated_count + run.quarantined_count = 0
                 )
                 and not exists (
                     select from sync_cursors as cursor
                     where cursor.customer_id = $1 and cursor.sync_run_id = run.sync_run_id
                 )
                 and not exists (
                     select from quarantined_records as refused
                     where refused.customer_id = $1 and refused.sync_run_id = run.sync_run_id
                 )
                 and exists (
                     select from sync_runs as later
                     where later.customer_id = $1 and later.source = run.source
                         and later.stream = run.stream and later.kind = run.kind
                         and later.status = run.status and later.started_at > run.started_at
                 )",
            &[
                &self.customer_id().as_uuid(),
                &system_time(before),
                &system_time(nothing_new_before),
            ],
        )
        .await
        .map_err(doing("forget old readings"))
    }

    /// Lists the newest runs.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn runs(&self, limit: i64) -> Result<Vec<SyncRun>, DbError> {
        let rows = self
            .query(
                "select sync_run_id, source, stream, kind, origin_name, status, read_count,
                     inserted_count, updated_count, unchanged_count, quarantined_count, error,
                     started_at, finished_at
                 from sync_runs
                 where customer_id = $1
                 order by started_at desc
                 limit $2",
                &[&self.customer_id().as_uuid(), &limit],
            )
            .await
            .map_err(doing("list the runs"))?;
        Ok(rows
            .iter()
            .map(|row| SyncRun {
                sync_run_id: row.get(0),
                source: row.get(1),
                stream: row.get(2),
                kind: row.get(3),
                origin_name: row.get(4),
                status: row.get(5),
                read: row.get(6),
                inserted: row.get(7),
                updated: row.get(8),
                unchanged: row.get(9),
                quarantined: row.get(10),
                error: row.get(11),
                started_at: timestamp(row.get(12)),
                finished_at: row.get::<_, Option<_>>(13).and_then(timestamp),
            })
            .collect())
    }
}

/// Counts fit: a run of nine million million million records does not end.
fn as_bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
