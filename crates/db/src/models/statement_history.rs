//! `shelfops_statistics.snapshots` and `counters`: what the server had counted, and when.

use std::time::Duration;

use jiff::Timestamp;

use super::timestamp;
use crate::error::doing;
use crate::{DbError, OperatorTx};

/// How long snapshots are kept, in days: long enough to compare a week with the one a month ago.
const KEPT_DAYS: i32 = 35;

/// How the extension is created where a migration could not: in the schema that nobody else can name.
pub const COUNT_STATEMENTS: &str = "create extension pg_stat_statements schema shelfops_statistics";

/// What the server had counted for a statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatementCounters {
    /// The server's identifier of the statement.
    pub query_id: i64,
    /// How often it had run.
    pub calls: i64,
    /// How long that had taken.
    pub total_ms: f64,
}

/// The counters of a moment.
#[derive(Clone, Debug)]
pub struct StatementSnapshot {
    /// When they were read.
    pub taken_at: Option<Timestamp>,
    /// Of each statement.
    pub counters: Vec<StatementCounters>,
}

impl OperatorTx {
    /// Keeps the counters of this moment, and forgets those that are too old.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn keep_counters(&self, counters: &[StatementCounters]) -> Result<(), DbError> {
        let action = doing("keep what the server counted");
        let ids: Vec<i64> = counters.iter().map(|each| each.query_id).collect();
        let calls: Vec<i64> = counters.iter().map(|each| each.calls).collect();
        let times: Vec<f64> = counters.iter().map(|each| each.total_ms).collect();
        self.execute(
            "delete from shelfops_statistics.snapshots
             where taken_at < now() - make_interval(days => $1)",
            &[&KEPT_DAYS],
        )
        .await
        .map_err(&action)?;
        self.execute(
            "with taken as (
                 insert into shelfops_statistics.snapshots default values
                 returning snapshot_id
             )
             insert into shelfops_statistics.counters (snapshot_id, query_id, calls, total_ms)
             select taken.snapshot_id, counted.query_id, counted.calls, counted.total_ms
             from taken, unnest($1::bigint[], $2::bigint[], $3::float8[])
                 as counted (query_id, calls, total_ms)",
            &[&ids, &calls, &times],
        )
        .await
        .map_err(&action)?;
        Ok(())
    }

    /// Returns the newest counters that are as old as `age` or older; `None` where there are none.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn counters_before(
        &self,
        age: Duration,
    ) -> Result<Option<StatementSnapshot>, DbError> {
        self.snapshot(
            "select snapshot_id, taken_at from shelfops_statistics.snapshots
             where taken_at <= now() - make_interval(secs => $1)
             order by taken_at desc, snapshot_id desc limit 1",
            age.as_secs_f64(),
        )
        .await
    }

    /// Returns the oldest counters that are kept and older than `age`.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn oldest_counters(
        &self,
        age: Duration,
    ) -> Result<Option<StatementSnapshot>, DbError> {
        self.snapshot(
            "select snapshot_id, taken_at from shelfops_statistics.snapshots
             where taken_at < now() - make_interval(secs => $1)
             order by taken_at, snapshot_id limit 1",
            age.as_secs_f64(),
        )
        .await
    }

    async fn snapshot(
        &self,
        find: &str,
        seconds: f64,
    ) -> Result<Option<StatementSnapshot>, DbError> {
        let action = doing("read what the server had counted");
        let Some(found) = self.query_opt(find, &[&seconds]).await.map_err(&action)? else {
            return Ok(None);
        };
        let snapshot_id: i64 = found.get(0);
        let rows = self
            .query(
                "select query_id, calls, total_ms from shelfops_statistics.counters
                 where snapshot_id = $1",
                &[&snapshot_id],
            )
            .await
            .map_err(&action)?;
        let counters = rows
            .iter()
            .map(|row| StatementCounters {
                query_id: row.get(0),
                calls: row.get(1),
                total_ms: row.get(2),
            })
            .collect();
        Ok(Some(StatementSnapshot { taken_at: timestamp(found.get(1)), counters }))
    }
}
