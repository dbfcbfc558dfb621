//! Folds staged lines into the table: known ones are recognised, newer versions replace older ones,
//! contradictions are refused, the rest is inserted.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use postgres_types::ToSql;
use shelfops_ingest::rules::{DuplicateInTable, Rule as _};
use tokio_postgres::Row;

use super::super::staging::are_many;
use super::super::{Merged, Rejected};
use super::voids::void;
use crate::copy::staged_spans::OwnSpans;
use crate::copy::{CHUNKS, SinkOptions};
use crate::error::doing;
use crate::models::{system_time, timestamp};
use crate::{DbError, TenantTx};

/// How far apart the same line may be when it was read by two clocks: the time zones of the world span
/// 26 hours.
const CLOCKS_APART: SignedDuration = SignedDuration::from_hours(26);

/// Which rows of a batch are merged.
#[derive(Clone, Copy)]
pub(in crate::copy) struct Part<'a> {
    days: &'a [i32],
    is_ahead: bool,
}

impl<'a> Part<'a> {
    /// Every row.
    pub(in crate::copy) const ALL: Part<'static> = Part { days: &[], is_ahead: false };

    /// The rows of these days.
    pub(in crate::copy) const fn of(days: &'a [i32]) -> Self {
        Self { days, is_ahead: true }
    }

    /// The rows that were not among these days.
    pub(in crate::copy) const fn without(days: &'a [i32]) -> Self {
        Self { days, is_ahead: false }
    }
}

/// How known rows are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looking {
    /// All of the time are read.
    Whole,
    /// Each is looked up by its key.
    ByKey,
    /// As the planner sees fit.
    Planned,
}

/// The rows of adjacent weeks and one part: what one round of statements is about.
struct Round<'a> {
    customer_id: uuid::Uuid,
    source: &'a str,
    from: Timestamp,
    to: Timestamp,
    part: Part<'a>,
    is_of_file: bool,
    is_replay: bool,
}

/// Folds a part of the staged rows into the table.
pub(in crate::copy) async fn merge_staged(
    tx: &TenantTx,
    options: &SinkOptions,
    spans: &OwnSpans,
    part: Part<'_>,
) -> Result<Merged, DbError> {
    let mut merged = Merged::default();
    for (from, to) in adjacent_ranges(spans.iter()) {
        let customer_id = options.customer_id.as_uuid();
        let source = options.source.as_str();
        let SinkOptions { is_of_file, is_replay, .. } = *options;
        let round = Round { customer_id, source, from, to, part, is_of_file, is_replay };
        let Some((round, looking)) = round.narrowed(tx).await? else { continue };
        merged.add(round.match_known(tx, looking).await?);
        let inserted = round.execute(tx, INSERT).await.map_err(doing("add the transactions"))?;
        merged.inserted += inserted;
        round.void_removed(tx).await?;
        merged.cover(from, to);
    }
    Ok(merged)
}

/// Joins spans that follow each other: one round serves them all.
fn adjacent_ranges(spans: impl Iterator<Item = i128>) -> Vec<(Timestamp, Timestamp)> {
    let mut ranges: Vec<(Timestamp, Timestamp)> = Vec::new();
    for span in spans {
        // A moment beyond the calendar has failed its rule before.
        let Some((from, to)) = CHUNKS.start_of(span).zip(CHUNKS.start_of(span + 1)) else {
            continue;
        };
        match ranges.last_mut() {
            Some(range) if range.1 == from => range.1 = to,
            _ => ranges.push((from, to)),
        }
    }
    ranges
}

const MATCH: &str = include_str!("match.sql");
const RANGE: &str = include_str!("range.sql");
const ARE_MOVED: &str = include_str!("are_moved.sql");
const MATCH_MOVED: &str = include_str!("match_moved.sql");
const UPDATE: &str = include_str!("update.sql");
const INSERT: &str = include_str!("insert.sql");
const KNOWN_OF_RANGE: &str = include_str!("known_of_range.sql");
const KNOWN_OF_ROW: &str = include_str!("known_of_row.sql");
const REMOVED: &str = include_str!("removed.sql");
const OUTDATED: &str = include_str!("outdated.sql");
const CONTRADICTIONS: &str = include_str!("contradictions.sql");

impl Round<'_> {
    async fn execute(&self, tx: &TenantTx, sql: &str) -> Result<u64, tokio_postgres::Error> {
        let (from, to) = (system_time(self.from), system_time(self.to));
        let Part { days, is_ahead } = self.part;
        let parameters: [&(dyn ToSql + Sync); 6] =
            [&self.customer_id, &self.source, &from, &to, &days, &is_ahead];
        tx.execute_fresh(sql, &parameters).await
    }

    /// Finds the staged rows that the table has, replaces older versions, and refuses contradictions.
    async fn match_known(&self, tx: &TenantTx, looking: Looking) -> Result<Merged, DbError> {
        let (from, to) = (self.around(self.from, false), self.around(self.to, true));
        let has_any = tx
            .query_one(
                "select exists (
                     select from transactions
                     where customer_id = $1 and occurred_at >= $2 and occurred_at < $3
                 )",
                &[&self.customer_id, &from, &to],
            )
            .await
            .map_err(doing("look for transactions of the same time"))?;
        if !has_any.get::<_, bool>(0) {
            return Ok(Merged::default());
        }
        if looking != Looking::Whole {
            let known = if looking == Looking::ByKey { KNOWN_OF_ROW } else { KNOWN_OF_RANGE };
            return self.match_rows(tx, known).await;
        }
        allow_nested_loops(tx, false).await?;
        let merged = self.match_rows(tx, KNOWN_OF_RANGE).await?;
        allow_nested_loops(tx, true).await?;
        Ok(merged)
    }

    async fn match_rows(&self, tx: &TenantTx, known: &str) -> Result<Merged, DbError> {
        let action = doing("look for transactions that are known");
        let sql = MATCH.replace("{known}", known);
        let mut matched = self.execute(tx, &sql).await.map_err(&action)?;
        if self.are_moved(tx).await? {
            matched += self.execute(tx, MATCH_MOVED).await.map_err(action)?;
        }
        if matched == 0 {
            return Ok(Merged::default());
        }
        if are_many(matched) {
            tx.batch_execute("analyze matched_transactions")
                .await
                .map_err(doing("analyze the known transactions"))?;
        }
        let updated = self
            .execute(tx, UPDATE)
            .await
            .map_err(doing("replace older versions of transactions"))?;
        let rejected = self.contradictions(tx).await?;
        let unchanged = matched - updated - rejected.len() as u64;
        Ok(Merged { inserted: 0, updated, unchanged, rejected, range: None })
    }

    /// Narrows the time to that of the staged rows; none when there are none. Says also how the tenant's
    /// rows of that time are best looked at: so few that they are read as a whole, or each by its key.
    /// For a tenant that the table's statistics do not know yet, the planner expects one row, takes every
    /// index for equally good, and read all of the tenant's rows once for each staged one.
    async fn narrowed(mut self, tx: &TenantTx) -> Result<Option<(Self, Looking)>, DbError> {
        let Part { days, is_ahead } = self.part;
        let (from, to) = (system_time(self.from), system_time(self.to));
        let row = tx
            .query_one(RANGE, &[&self.customer_id, &from, &to, &days, &is_ahead])
            .await
            .map_err(doing("look at the time of the staged transactions"))?;
        let bounds = (row.get::<_, Option<_>>(0).and_then(timestamp))
            .zip(row.get::<_, Option<_>>(1).and_then(timestamp));
        let Some((first, last)) = bounds else { return Ok(None) };
        // The end is outside; tables keep microseconds.
        (self.from, self.to) = (first, last + SignedDuration::from_micros(1));
        let looking = match (row.get(2), row.get(3)) {
            (true, _) => Looking::Whole,
            (false, true) => Looking::ByKey,
            (false, false) => Looking::Planned,
        };
        Ok(Some((self, looking)))
    }

    /// Makes voids of the lines that were taken off their orders. Files do not tell whole orders, and what
    /// comes out of quarantine is of orders that may have been told anew since.
    async fn void_removed(&self, tx: &TenantTx) -> Result<(), DbError> {
        if self.is_of_file {
            return Ok(());
        }
        let removed = if self.is_replay { OUTDATED } else { REMOVED };
        let Part { days, is_ahead } = self.part;
        let (from, to) = (system_time(self.from), system_time(self.to));
        let removed = tx
            .query_fresh(removed, &[&self.customer_id, &self.source, &from, &to, &days, &is_ahead])
            .await
            .map_err(doing("look for lines that were taken off their orders"))?;
        let removed: Vec<_> = removed.iter().collect();
        void(tx, (self.customer_id, self.source), &removed).await
    }

    /// Whether rows are there already, read by another clock. Only files are read by clocks that
    /// somebody chose.
    async fn are_moved(&self, tx: &TenantTx) -> Result<bool, DbError> {
        if !self.is_of_file {
            return Ok(false);
        }
        let Part { days, is_ahead } = self.part;
        let (from, to) = (system_time(self.from), system_time(self.to));
        let row = tx
            .query_one(ARE_MOVED, &[&self.customer_id, &self.source, &from, &to, &days, &is_ahead])
            .await
            .map_err(doing("look for transactions that were read by another clock"))?;
        Ok(row.get(0))
    }

    fn around(&self, moment: Timestamp, is_end: bool) -> SystemTime {
        let around = if is_end { moment + CLOCKS_APART } else { moment - CLOCKS_APART };
        system_time(around)
    }

    async fn contradictions(&self, tx: &TenantTx) -> Result<Vec<Rejected>, DbError> {
        let Part { days, is_ahead } = self.part;
        let (from, to) = (system_time(self.from), system_time(self.to));
        let rows = tx
            .query(CONTRADICTIONS, &[&self.customer_id, &self.source, &from, &to, &days, &is_ahead])
            .await
            .map_err(doing("look for contradicting transactions"))?;
        Ok(rows.iter().map(rejected).collect())
    }
}

/// Tells the planner whether a join may look each row up; for the statements that follow.
async fn allow_nested_loops(tx: &TenantTx, are_allowed: bool) -> Result<(), DbError> {
    let sql = if are_allowed {
        "set local enable_nestloop = on"
    } else {
        "set local enable_nestloop = off"
    };
    tx.batch_execute(sql).await.map_err(doing("choose how known transactions are looked for"))
}

fn rejected(row: &Row) -> Rejected {
    let text = |column: usize| row.get::<_, String>(column);
    let moment = |column: usize| timestamp(row.get(column)).unwrap_or(Timestamp::UNIX_EPOCH);
    let reason = if row.get(1) {
        format!(
            "the same line was loaded before as of {}, this one says {}: it was read by another \
             clock; correct the time zone of the store or the mapping, or discard this record",
            moment(2),
            moment(3)
        )
    } else {
        format!(
            "the line of {} was loaded before as {} units for {}, this one says {} for {} and is no \
             newer",
            moment(2),
            text(4),
            text(5),
            text(6),
            text(7)
        )
    };
    Rejected {
        row_number: u32::try_from(row.get::<_, i32>(0)).unwrap_or_default(),
        rule: DuplicateInTable.name(),
        reason,
    }
}
