//! The days that a batch of sales writes to, each locked for its tenant until the commit.
//!
//! Two transactions that write the same line, or lines of the same day and store, would meet in the
//! table's key or in the rollups. With the days locked first, in order, they meet before either has
//! written anything, and a row cannot appear between looking for it and writing it. Batches of
//! different days do not wait for each other at all.

use std::collections::BTreeSet;

use shelfops_ingest::CustomerId;

use crate::error::doing;
use crate::{DbError, TenantTx};

/// How many days are locked one by one. The server has room for some thousand locks in all; a batch of
/// more days locks them all at once, against every other.
const MOST_LOCKS: usize = 120;

/// Days by their distance from 2000-01-01, of rows in the order that they were staged.
#[derive(Default)]
pub(super) struct Days {
    all: BTreeSet<i32>,
    newest: Option<(i32, i32)>,
}

impl Days {
    /// Adds the days of a row. Rows that share an hour share the day by UTC; rows that share a row of
    /// the daily rollup share the day by their store's clock.
    pub(super) fn add(&mut self, utc_day: i32, business_day: i32) {
        if self.newest.replace((utc_day, business_day)) != Some((utc_day, business_day)) {
            self.all.insert(utc_day);
            self.all.insert(business_day);
        }
    }

    /// Whether they are few enough to be locked one by one.
    pub(super) fn are_few(&self) -> bool {
        self.all.len() <= MOST_LOCKS
    }

    /// Locks all of them, waiting for whoever has one.
    pub(super) async fn lock_all(&self, tx: &TenantTx) -> Result<(), DbError> {
        let action = doing("wait for other imports into the same days");
        let name = name(tx.customer_id());
        if !self.are_few() {
            let all = "select pg_advisory_xact_lock(hashtextextended($1, 2))";
            tx.execute(all, &[&name]).await.map_err(action)?;
            return Ok(());
        }
        let some = "select pg_advisory_xact_lock_shared(hashtextextended($1, 2))";
        tx.execute(some, &[&name]).await.map_err(&action)?;
        // In the order of the list, which is the same for everybody: no two can wait for each other.
        let each = "select pg_advisory_xact_lock(hashtextextended($1 || '/' || day, 2))
                    from unnest($2::integer[]) as day";
        let days: Vec<i32> = self.all.iter().copied().collect();
        tx.execute(each, &[&name, &days]).await.map_err(action)?;
        Ok(())
    }

    /// Locks what can be had without waiting; answers which that are.
    pub(super) async fn lock_free(&self, tx: &TenantTx) -> Result<BTreeSet<i32>, DbError> {
        let name = name(tx.customer_id());
        let some = "select pg_try_advisory_xact_lock_shared(hashtextextended($1, 2))";
        let row = tx.query_one(some, &[&name]).await.map_err(doing("look which days are free"))?;
        if !row.get::<_, bool>(0) {
            return Ok(BTreeSet::new());
        }
        lock_free(tx, &name, &self.all).await
    }

    /// Locks those that are not locked yet, if that is possible without waiting.
    pub(super) async fn lock_rest(
        &self,
        tx: &TenantTx,
        locked: &BTreeSet<i32>,
    ) -> Result<bool, DbError> {
        let rest: BTreeSet<i32> = self.all.difference(locked).copied().collect();
        Ok(lock_free(tx, &name(tx.customer_id()), &rest).await? == rest)
    }
}

/// Names the lock of all days; those of single days begin with it.
fn name(customer_id: CustomerId) -> String {
    format!("{customer_id}/transactions")
}

async fn lock_free(
    tx: &TenantTx,
    name: &str,
    days: &BTreeSet<i32>,
) -> Result<BTreeSet<i32>, DbError> {
    let days: Vec<i32> = days.iter().copied().collect();
    let each = "select day from unnest($2::integer[]) as day
                where pg_try_advisory_xact_lock(hashtextextended($1 || '/' || day, 2))";
    let rows = tx.query(each, &[&name, &days]).await.map_err(doing("look which days are free"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
