//! Where records wait to be merged: tables of a session that outlive its batches, empty.
//!
//! `on commit delete rows` would empty them as well. But each commit then truncates all of them, whichever the
//! batch used, with all that belongs to them, and every plan over them is made anew: 20 ms a commit where
//! a batch of 20 rows takes 0.6 ms. Live sales come in such batches, many times a second.

use crate::error::doing;
use crate::{DbError, TenantTx};

/// How many rows are few: their statistics are not worth taking, and deleting them is quicker than truncating.
const FEW_ROWS: u64 = 500;

/// What may be left of deleted rows, in bytes. Of each its place in the page stays, until a table is truncated.
const MOST_LEFT: i64 = 512 * 1024;

/// Whether so many rows are worth statistics.
pub(super) const fn are_many(rows: u64) -> bool {
    rows > FEW_ROWS
}

/// A staging table.
pub(in crate::copy) struct Staging {
    /// Creates it and those beside it, unless the session has them already.
    pub(super) create: &'static str,
    /// Opens it for binary COPY.
    pub(in crate::copy) copy: &'static str,
    /// How many columns a row has.
    pub(in crate::copy) columns: i16,
    /// The columns that the merge's plans depend on.
    pub(super) planned_by: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// The table beside it that the merge fills.
    pub(super) beside: Option<&'static str>,
}

impl Staging {
    /// Makes it ready for a batch.
    pub(in crate::copy) async fn open(&self, tx: &TenantTx) -> Result<(), DbError> {
        let action = doing("make the staging table ready");
        tx.batch_execute(self.create).await.map_err(&action)?;
        let is_left = |table| {
            format!(
                "pg_relation_size('pg_temp.{table}') > {MOST_LEFT} or exists (select from pg_temp.{table})"
            )
        };
        let left: Vec<String> = self.tables().map(is_left).collect();
        let sql = format!("select {}", left.join(" or "));
        // A batch empties them before it commits. What were left all the same might be another tenant's.
        if tx.query_one(&sql, &[]).await.map_err(&action)?.get(0) {
            tx.batch_execute(&self.truncate()).await.map_err(action)?;
        }
        Ok(())
    }

    /// Lets plans know the table. Without statistics the planner takes it for tiny, and one plan was four
    /// times slower; of few rows that is what it is. All columns would take ten times as long as those that
    /// plans are made from.
    pub(super) async fn analyze(&self, tx: &TenantTx, rows: usize) -> Result<(), DbError> {
        if !are_many(rows as u64) {
            return Ok(());
        }
        let analyze = format!("analyze {} ({})", self.name, self.planned_by);
        tx.batch_execute(&analyze).await.map_err(doing("analyze the staging table"))
    }

    /// Empties it at the end of the batch that staged so many rows: the session's next may be another tenant's.
    pub(in crate::copy) async fn empty(&self, tx: &TenantTx, rows: usize) -> Result<(), DbError> {
        let sql = if are_many(rows as u64) {
            self.truncate()
        } else {
            let delete = |table| format!("delete from pg_temp.{table}");
            self.tables().map(delete).collect::<Vec<_>>().join("; ")
        };
        tx.batch_execute(&sql).await.map_err(doing("empty the staging table"))
    }

    fn tables(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.beside)
    }

    fn truncate(&self) -> String {
        let tables = self.tables().map(|table| format!("pg_temp.{table}")).collect::<Vec<_>>();
        format!("truncate {}", tables.join(", "))
    }
}
