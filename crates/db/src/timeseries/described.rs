//! What the server says of time series, their chunks and their policies: what plans are made from.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::error::doing;
use crate::models::timestamp;
use crate::{DbError, OperatorTx};

/// A time series with its settings and chunks.
#[derive(Clone, Debug, Serialize)]
pub struct DescribedSeries {
    /// The table.
    pub table: String,
    /// How long a new chunk is.
    pub chunk_length: SignedDuration,
    /// How old a chunk gets before it is compressed.
    pub compress_after: Option<SignedDuration>,
    /// How old a chunk gets before it is dropped.
    pub retain_for: Option<SignedDuration>,
    /// The chunks, oldest first.
    pub chunks: Vec<DescribedChunk>,
}

/// A chunk and what is known of it.
#[derive(Clone, Debug, Serialize)]
pub struct DescribedChunk {
    /// Its name.
    pub name: String,
    /// The first moment it holds.
    pub starts_at: Timestamp,
    /// The first moment it no longer holds.
    pub ends_at: Timestamp,
    /// What it takes on disk, indexes included, in bytes.
    pub bytes: i64,
    /// What it took before it was compressed, in bytes.
    pub bytes_before: Option<i64>,
    /// About how many rows it has, by the server's statistics.
    pub rows: i64,
    /// Whether it is compressed.
    pub is_compressed: bool,
    /// Whether rows came after it was compressed.
    pub is_partial: bool,
}

/// A policy that runs by itself.
#[derive(Clone, Debug, Serialize)]
pub struct TimeSeriesPolicy {
    /// What it does: `timeseries-upkeep`, `compression` or `rollup`.
    pub policy: String,
    /// What it does that to.
    pub object: String,
    /// How often, in seconds.
    pub every_seconds: i64,
    /// When it went well last; nothing for never.
    pub last_succeeded_at: Option<Timestamp>,
    /// How its last run went, where the server remembers; `paused` where it does not run.
    pub last_status: Option<String>,
}

/// Where rollups and memory stand.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TimeSeriesSurroundings {
    /// The server's time.
    pub now: Timestamp,
    /// Up to where rollups are kept apart from their lines; nothing where they are exact at every moment.
    pub rolled_up_to: Option<Timestamp>,
    /// Whether lines are later than that: their figures are lost when they are dropped.
    pub has_lines_to_roll_up: bool,
    /// What `shared_buffers` has, in bytes.
    pub shared_buffers: i64,
    /// What the whole database takes on disk, in bytes.
    pub database_bytes: i64,
}

impl DescribedSeries {
    /// Returns the statement that gives the series these settings, nothing for never and for ever.
    pub fn keep_statement(
        &self,
        compress_after: Option<SignedDuration>,
        retain_for: Option<SignedDuration>,
    ) -> String {
        let length = |length: Option<SignedDuration>| match length.map(|it| it.as_secs()) {
            None => "null".to_owned(),
            Some(seconds) if seconds % 86_400 == 0 => {
                format!("interval '{} days'", seconds / 86_400)
            }
            Some(seconds) => format!("interval '{seconds} seconds'"),
        };
        format!(
            "select shelfops.keep_timeseries('{}', compress_after => {}, retain_for => {})",
            self.table.replace('\'', "''"),
            length(compress_after),
            length(retain_for)
        )
    }
}

impl OperatorTx {
    /// Describes every time series with its chunks.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn describe_time_series(&self) -> Result<Vec<DescribedSeries>, DbError> {
        let action = doing("describe the time series");
        let tables = self
            .query(
                "select table_name, extract(epoch from chunk_interval)::bigint,
                     extract(epoch from compress_after)::bigint, extract(epoch from retain_for)::bigint
                 from shelfops.timeseries_tables order by 1",
                &[],
            )
            .await
            .map_err(&action)?;
        let mut described = Vec::new();
        for row in tables {
            let table: String = row.get(0);
            let chunks = self
                .query(
                    "select chunk_name, starts_at, ends_at, total_bytes, is_compressed, bytes_before,
                         row_estimate, is_partial
                     from shelfops.describe_chunks($1)",
                    &[&table],
                )
                .await
                .map_err(&action)?;
            let length = |column| row.get::<_, Option<i64>>(column).map(SignedDuration::from_secs);
            described.push(DescribedSeries {
                chunk_length: length(1).unwrap_or_default(),
                compress_after: length(2),
                retain_for: length(3),
                chunks: chunks.iter().filter_map(chunk).collect(),
                table,
            });
        }
        Ok(described)
    }

    /// Lists the policies that keep time series.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn time_series_policies(&self) -> Result<Vec<TimeSeriesPolicy>, DbError> {
        let rows = self
            .query(
                "select policy, object, extract(epoch from runs_every)::bigint, last_succeeded_at,
                     last_status
                 from shelfops.timeseries_policies()",
                &[],
            )
            .await
            .map_err(doing("list the policies of time series"))?;
        Ok(rows
            .iter()
            .map(|row| TimeSeriesPolicy {
                policy: row.get(0),
                object: row.get(1),
                every_seconds: row.get(2),
                last_succeeded_at: row.get::<_, Option<_>>(3).and_then(timestamp),
                last_status: row.get(4),
            })
            .collect())
    }

    /// Looks at what is around the time series.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn time_series_surroundings(&self) -> Result<TimeSeriesSurroundings, DbError> {
        let row = self
            .query_opt(
                "select now(), shelfops.rolled_up_to(),
                     pg_size_bytes(current_setting('shared_buffers')),
                     pg_database_size(current_database())",
                &[],
            )
            .await
            .map_err(doing("look at memory and rollups"))?
            .ok_or(DbError::NotMigrated)?;
        let has_lines_to_roll_up = match row.get::<_, Option<SystemTime>>(1) {
            Some(moment) => self.has_lines_from(moment).await?,
            None => false,
        };
        Ok(TimeSeriesSurroundings {
            now: timestamp(row.get(0)).unwrap_or_else(Timestamp::now),
            rolled_up_to: row.get::<_, Option<_>>(1).and_then(timestamp),
            has_lines_to_roll_up,
            shared_buffers: row.get(2),
            database_bytes: row.get(3),
        })
    }

    /// Whether anybody has sales from a moment on. Chunks before it are not read.
    async fn has_lines_from(&self, moment: SystemTime) -> Result<bool, DbError> {
        let action = doing("look for sales that are not rolled up");
        let storage = "select shelfops.timeseries_storage('transactions')::text";
        let storage = self.query_opt(storage, &[]).await.map_err(&action)?;
        let storage: String = storage.ok_or(DbError::NotMigrated)?.get(0);
        // The server quoted the name itself.
        let exists = format!("select exists (select from {storage} where occurred_at >= $1)");
        let row = self.query_opt(&exists, &[&moment]).await.map_err(&action)?;
        Ok(row.is_some_and(|row| row.get(0)))
    }
}

fn chunk(row: &tokio_postgres::Row) -> Option<DescribedChunk> {
    Some(DescribedChunk {
        name: row.get(0),
        starts_at: timestamp(row.get(1))?,
        ends_at: timestamp(row.get(2))?,
        bytes: row.get(3),
        is_compressed: row.get(4),
        bytes_before: row.get(5),
        rows: row.get(6),
        is_partial: row.get(7),
    })
}
