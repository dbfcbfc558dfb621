//! Time-partitioned tables, whatever engine the server has.

mod described;
mod engine;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use described::{DescribedChunk, DescribedSeries, TimeSeriesPolicy, TimeSeriesSurroundings};
pub use engine::{Engine, UnknownEngine};

use crate::error::doing;
use crate::models::{system_time, timestamp};
use crate::{Database, DbError, OperatorTx};

/// The longest bucket of a rollup.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// How long dropping a chunk waits for its locks. Whoever writes sales waits behind it meanwhile, so it
/// gives up soon.
const DROP_LOCK_TIMEOUT: &str = "1s";

/// How often dropping a chunk is tried before it is left for the next upkeep.
const DROP_TRIES: u32 = 3;

/// How long those who waited behind one try have until the next.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// How many chunks in a row are tried in vain before the rest is left too: somebody reads the whole series
/// then, and every try makes writers wait for nothing.
const CHUNKS_IN_VAIN: usize = 2;

/// Until when the rows of a time series are kept.
struct ToKeep {
    table: String,
    /// What ends before it is dropped.
    drop_before: Option<Timestamp>,
    /// Since when no row was dropped; nothing where none ever was.
    whole_since: Option<Timestamp>,
}

/// A time series and how it is kept.
#[derive(Clone, Debug, Serialize)]
pub struct TimeSeries {
    /// The table.
    pub table: String,
    /// The column that decides the chunk.
    pub time_column: String,
    /// How long a chunk is, as PostgreSQL writes it.
    pub chunk_interval: String,
    /// How many chunks there are.
    pub chunk_count: i64,
    /// How many of them are compressed.
    pub compressed_count: i64,
    /// What they take on disk, indexes included, in bytes.
    pub total_bytes: i64,
    /// Where the first chunk starts.
    pub starts_at: Option<Timestamp>,
    /// Where the last chunk ends.
    pub ends_at: Option<Timestamp>,
}

/// One chunk.
#[derive(Clone, Debug, Serialize)]
pub struct Chunk {
    /// Its name.
    pub name: String,
    /// The first moment it holds.
    pub starts_at: Timestamp,
    /// The first moment it no longer holds.
    pub ends_at: Timestamp,
    /// What it takes on disk, indexes included, in bytes.
    pub total_bytes: i64,
    /// Whether it is compressed.
    pub is_compressed: bool,
}

impl OperatorTx {
    /// Returns the engine that the schema was built for.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn timeseries_engine(&self) -> Result<Engine, DbError> {
        let row = self
            .query_opt("select shelfops.timeseries_engine()", &[])
            .await
            .map_err(doing("ask for the time-series engine"))?;
        let name: Option<String> = row.and_then(|row| row.get(0));
        name.and_then(|name| name.parse().ok()).ok_or(DbError::NotMigrated)
    }

    /// Lists the time series with their sizes.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn time_series(&self) -> Result<Vec<TimeSeries>, DbError> {
        let rows = self
            .query(
                "select series.table_name, series.time_column, series.chunk_interval::text,
                        count(chunk.chunk_name), count(*) filter (where chunk.is_compressed),
                        coalesce(sum(chunk.total_bytes), 0)::bigint,
                        min(chunk.starts_at), max(chunk.ends_at)
                 from shelfops.timeseries_tables as series
                 left join lateral shelfops.list_chunks(series.table_name) as chunk on true
                 group by 1, 2, 3
                 order by 1",
                &[],
            )
            .await
            .map_err(doing("list the time series"))?;
        Ok(rows
            .iter()
            .map(|row| TimeSeries {
                table: row.get(0),
                time_column: row.get(1),
                chunk_interval: row.get(2),
                chunk_count: row.get(3),
                compressed_count: row.get(4),
                total_bytes: row.get(5),
                starts_at: row.get::<_, Option<_>>(6).and_then(timestamp),
                ends_at: row.get::<_, Option<_>>(7).and_then(timestamp),
            })
            .collect())
    }

    /// Lists the chunks of a time series, oldest first.
    ///
    /// # Errors
    /// Fails when the server does, or when there is no such time series.
    pub async fn chunks(&self, table: &str) -> Result<Vec<Chunk>, DbError> {
        let rows = self
            .query(
                "select chunk_name, starts_at, ends_at, total_bytes, is_compressed
                 from shelfops.list_chunks($1)",
                &[&table],
            )
            .await
            .map_err(doing("list the chunks"))?;
        Ok(rows
            .iter()
            .filter_map(|row| {
                Some(Chunk {
                    name: row.get(0),
                    starts_at: timestamp(row.get(1))?,
                    ends_at: timestamp(row.get(2))?,
                    total_bytes: row.get(3),
                    is_compressed: row.get(4),
                })
            })
            .collect())
    }

    /// Returns how long each time series is kept.
    async fn time_series_to_keep(&self) -> Result<Vec<ToKeep>, DbError> {
        let rows = self
            .query(
                "select table_name, now() - retain_for, greatest(now() - retain_for, dropped_before)
                 from shelfops.timeseries_tables order by 1",
                &[],
            )
            .await
            .map_err(doing("list the time series"))?;
        Ok(rows
            .iter()
            .map(|row| ToKeep {
                table: row.get(0),
                drop_before: row.get::<_, Option<_>>(1).and_then(timestamp),
                whole_since: row.get::<_, Option<_>>(2).and_then(timestamp),
            })
            .collect())
    }

    /// Drops one chunk, if its locks are to be had soon.
    async fn drop_chunk(&self, table: &str, chunk: &Chunk) -> Result<i32, DbError> {
        let action = doing("drop a chunk");
        self.execute("select set_config('lock_timeout', $1, true)", &[&DROP_LOCK_TIMEOUT])
            .await
            .map_err(&action)?;
        let (from, to) = (system_time(chunk.starts_at), system_time(chunk.ends_at));
        let row = self
            .query_opt("select shelfops.drop_chunk($1, $2, $3)", &[&table, &from, &to])
            .await
            .map_err(&action)?;
        Ok(row.map_or(0, |row| row.get(0)))
    }

    async fn make_chunks_ahead(&self, table: &str, ahead: i32) -> Result<i32, DbError> {
        let row = self
            .query_opt(
                "select shelfops.ensure_chunks(table_name, array(
                     select now() + step * chunk_interval from generate_series(0, $2) as step))
                 from shelfops.timeseries_tables
                 where table_name = $1",
                &[&table, &ahead],
            )
            .await
            .map_err(doing("make chunks ahead"))?;
        Ok(row.map_or(0, |row| row.get(0)))
    }

    /// Compresses the chunks that end before a moment; answers how many.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn compress_chunks(
        &self,
        table: &str,
        older_than: Timestamp,
    ) -> Result<i32, DbError> {
        let older_than = system_time(older_than);
        let row = self
            .query_opt("select shelfops.compress_chunks($1, $2)", &[&table, &older_than])
            .await
            .map_err(doing("compress chunks"))?;
        Ok(row.map_or(0, |row| row.get(0)))
    }

    /// Drops the chunks that end before a moment; answers how many.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn drop_chunks(&self, table: &str, older_than: Timestamp) -> Result<i32, DbError> {
        let older_than = system_time(older_than);
        let row = self
            .query_opt("select shelfops.drop_chunks($1, $2)", &[&table, &older_than])
            .await
            .map_err(doing("drop chunks"))?;
        Ok(row.map_or(0, |row| row.get(0)))
    }
}

/// What the upkeep of a time series did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptSeries {
    /// The table.
    pub table: String,
    /// Chunks that were made ahead.
    pub made: i32,
    /// Chunks that were dropped, because what they hold is not to be kept any longer.
    pub dropped: i32,
    /// Chunks that could not be dropped, with the reason: they are tried again the next time.
    pub left: Vec<String>,
}

impl Database {
    /// Makes the chunks of the present and of `ahead` intervals to come, and drops what is older than its
    /// series is kept. Making and each dropping is a transaction of its own, as each takes a lock on the
    /// table; what somebody reads for long is left for the next time.
    ///
    /// # Errors
    /// Fails when the server does; what was done for other series stays.
    pub async fn keep_time_series(&self, ahead: i32) -> Result<Vec<KeptSeries>, DbError> {
        let mut kept = Vec::new();
        let operator = self.operator().await?;
        let tables = operator.time_series_to_keep().await?;
        operator.commit().await?;
        for ToKeep { table, drop_before, .. } in tables {
            // Ahead of all: without a chunk for the present nothing can be sold.
            let operator = self.operator().await?;
            let made = operator.make_chunks_ahead(&table, ahead).await?;
            operator.commit().await?;
            let mut series = KeptSeries { table, made, dropped: 0, left: Vec::new() };
            if let Some(moment) = drop_before {
                self.drop_old_chunks(&mut series, moment).await?;
            }
            kept.push(series);
        }
        let operator = self.operator().await?;
        operator
            .execute(
                "update shelfops.upkeep_schedules set last_succeeded_at = now()
                 where kind = 'timeseries-upkeep'",
                &[],
            )
            .await
            .map_err(doing("remember that the time series were kept"))?;
        operator.commit().await?;
        Ok(kept)
    }

    /// Drops what ends before a moment, chunk by chunk, the oldest first.
    async fn drop_old_chunks(
        &self,
        series: &mut KeptSeries,
        moment: Timestamp,
    ) -> Result<(), DbError> {
        let operator = self.operator().await?;
        let mut doomed = operator.chunks(&series.table).await?;
        operator.commit().await?;
        doomed.retain(|chunk| chunk.ends_at <= moment);
        let (Some(first), Some(last)) = (doomed.first(), doomed.last()) else {
            return Ok(());
        };
        if series.table == "transactions" {
            // What is dropped before it was rolled up is in no figure ever after. What was left by an
            // earlier upkeep is rolled up, and its neighbours may be gone.
            let since = self.whole_since(&series.table).await?;
            let from = since.map_or(first.starts_at, |since| since.max(first.starts_at));
            if from < last.ends_at {
                self.refresh(from, last.ends_at).await?;
            }
        }
        let mut in_vain = 0;
        for chunk in &doomed {
            if in_vain >= CHUNKS_IN_VAIN {
                let reason = "not tried, as those before it are in use";
                series.left.push(format!("{}: {reason}", chunk.name));
                continue;
            }
            match self.try_to_drop(&series.table, chunk).await {
                Ok(dropped) => {
                    in_vain = 0;
                    series.dropped += dropped;
                }
                Err(error) => {
                    tracing::warn!(chunk = chunk.name, %error, "a chunk was not dropped");
                    let is_in_use = error.is_conflict();
                    in_vain += usize::from(is_in_use);
                    series.left.push(if is_in_use {
                        format!("{}: in use for longer than {DROP_LOCK_TIMEOUT}", chunk.name)
                    } else {
                        format!("{}: {error}", chunk.name)
                    });
                }
            }
        }
        Ok(())
    }

    /// Drops one chunk; where somebody uses it, waits shortly and a few times.
    async fn try_to_drop(&self, table: &str, chunk: &Chunk) -> Result<i32, DbError> {
        let mut tries = 1;
        loop {
            let operator = self.operator().await?;
            match operator.drop_chunk(table, chunk).await {
                Ok(dropped) => {
                    operator.commit().await?;
                    return Ok(dropped);
                }
                Err(error) if error.is_conflict() && tries < DROP_TRIES => {
                    // Ends the transaction, so that others go on.
                    drop(operator);
                    tokio::time::sleep(BETWEEN_TRIES).await;
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns since when no row of a series was ever dropped.
    async fn whole_since(&self, table: &str) -> Result<Option<Timestamp>, DbError> {
        let operator = self.operator().await?;
        let row = operator
            .query_opt(
                "select dropped_before from shelfops.timeseries_tables where table_name = $1",
                &[&table],
            )
            .await
            .map_err(doing("ask up to where rows were dropped"))?;
        operator.commit().await?;
        Ok(row.and_then(|row| row.get::<_, Option<_>>(0)).and_then(timestamp))
    }

    /// Brings the rollups up to date for a range into which rows were loaded.
    ///
    /// Only continuous aggregates need it: those of the other engines are exact all the time. It
    /// cannot run in a transaction, so a reader may see old figures for late data until it is done.
    ///
    /// # Errors
    /// Fails when the server does; the rows are loaded then, and the next refresh mends it.
    pub async fn refresh_rollups(&self, from: Timestamp, to: Timestamp) -> Result<(), DbError> {
        let operator = self.operator().await?;
        let kept = operator.time_series_to_keep().await?;
        operator.commit().await?;
        let sales = kept.into_iter().find(|series| series.table == "transactions");
        // A day around: buckets are refreshed whole only. One whose lines were dropped would be computed
        // again from nothing.
        let (from, to) = (from - A_DAY, to + A_DAY);
        let from =
            sales.and_then(|series| series.whole_since).map_or(from, |since| from.max(since));
        if from < to { self.refresh(from, to).await } else { Ok(()) }
    }

    /// Computes the buckets again that lie wholly in a range.
    async fn refresh(&self, from: Timestamp, to: Timestamp) -> Result<(), DbError> {
        let operator = self.operator().await?;
        let engine = operator.timeseries_engine().await?;
        operator.commit().await?;
        if engine != Engine::Timescale {
            return Ok(());
        }
        let client = self.owner_connection().await?;
        let range = (system_time(from), system_time(to));
        for rollup in ["timeseries.daily_sales", "timeseries.hourly_sales"] {
            client
                .execute(
                    "call refresh_continuous_aggregate($1::text::regclass, $2::timestamptz,
                         $3::timestamptz)",
                    &[&rollup, &range.0, &range.1],
                )
                .await
                .map_err(doing("refresh the rollups"))?;
        }
        Ok(())
    }
}
