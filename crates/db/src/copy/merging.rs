//! How a batch of sales is merged while the one before it is not committed yet.
//!
//! What it can do ahead of its turn are days that it gets the locks of without waiting. It then holds
//! nothing that the batch before could be waiting for, since that one has all its locks already; and
//! should it be in somebody's way after all, it gives everything back and starts again in its turn.

use std::collections::BTreeSet;
use std::time::Duration;

use super::SinkOptions;
use super::days::Days;
use super::staged_spans::OwnSpans;
use super::tables::transactions::{self, Part};
use super::tables::{Merged, StagedBatch};
use super::turns::{Before, Turn};
use crate::error::doing;
use crate::{Database, DbError, TenantTx};

/// A batch of sales that is staged.
pub(super) struct Merging<'a> {
    pub(super) database: &'a Database,
    pub(super) tx: &'a TenantTx,
    pub(super) options: &'a SinkOptions,
    pub(super) batch: StagedBatch<'a>,
    pub(super) days: &'a Days,
    pub(super) spans: &'a OwnSpans,
    /// How long to wait for the turn before what was done ahead is given back.
    pub(super) patience: Duration,
}

/// What was done before the batch's turn.
struct Ahead {
    /// The days that are locked.
    locked: BTreeSet<i32>,
    /// Those of them whose staged rows are merged.
    merged_days: Vec<i32>,
    merged: Merged,
}

impl Merging<'_> {
    /// Merges all of it, some of it ahead if possible; when this returns, it is the batch's turn.
    pub(super) async fn run(&self, turn: &mut Turn) -> Result<Merged, DbError> {
        let may_go_ahead = turn.before_has_all_locks().await == Before::HasAllLocks;
        let ahead = if may_go_ahead { self.go_ahead().await? } else { None };
        let ahead = self.wait_for_turn(ahead, turn).await?;
        let ahead = self.complete_locks(ahead).await?;
        turn.has_all_locks();
        let (merged_days, mut merged) = match ahead {
            Some(ahead) => (ahead.merged_days, ahead.merged),
            None => (Vec::new(), Merged::default()),
        };
        let part = if merged_days.is_empty() { Part::ALL } else { Part::without(&merged_days) };
        for chunk in self.batch.destinations.chunks() {
            merged.inserted +=
                transactions::finish_chunk(self.tx, chunk, self.batch.superseded).await?;
            merged.cover(chunk.starts_at, chunk.ends_at);
        }
        merged.add(self.merge_staged(part).await?);
        let withdrawn = self.batch.withdrawn;
        merged.add(transactions::void_withdrawn(self.tx, self.options, withdrawn).await?);
        Ok(merged)
    }

    async fn go_ahead(&self) -> Result<Option<Ahead>, DbError> {
        if !self.days.are_few() {
            return Ok(None);
        }
        self.savepoint("savepoint ahead").await?;
        match self.merge_ahead().await {
            Ok(Some(ahead)) => Ok(Some(ahead)),
            Ok(None) => self.take_back().await,
            Err(error) => {
                // If it is not just a lock that could not be had, it will be seen again.
                tracing::debug!(error = %error, "a batch could not go ahead of its turn");
                self.take_back().await
            }
        }
    }

    async fn merge_ahead(&self) -> Result<Option<Ahead>, DbError> {
        let locked = self.days.lock_free(self.tx).await?;
        if locked.is_empty() {
            return Ok(None);
        }
        let merged_days = transactions::ready_days(self.tx, self.spans, &locked).await?;
        let days: Vec<i32> = locked.iter().copied().collect();
        for chunk in self.batch.destinations.chunks() {
            transactions::prepare_chunk(self.tx, chunk, self.batch.superseded, &days).await?;
        }
        let merged = self.merge_staged(Part::of(&merged_days)).await?;
        Ok(Some(Ahead { locked, merged_days, merged }))
    }

    async fn wait_for_turn(
        &self,
        ahead: Option<Ahead>,
        turn: &mut Turn,
    ) -> Result<Option<Ahead>, DbError> {
        let Some(ahead) = ahead else {
            turn.before_is_over().await;
            return Ok(None);
        };
        if tokio::time::timeout(self.patience, turn.before_is_over()).await.is_ok() {
            return Ok(Some(ahead));
        }
        let taken_back = self.take_back().await?;
        turn.before_is_over().await;
        Ok(taken_back)
    }

    /// Gets the locks that are lacking. Whoever goes ahead holds some, and so waits for none: if that
    /// does not do, it starts again, holding nothing.
    async fn complete_locks(&self, ahead: Option<Ahead>) -> Result<Option<Ahead>, DbError> {
        let (destinations, spans) = (self.batch.destinations, self.spans);
        if let Some(ahead) = ahead {
            let is_complete = self.days.lock_rest(self.tx, &ahead.locked).await?
                && transactions::are_all_there(self.tx, destinations, spans).await?;
            if is_complete {
                return Ok(Some(ahead));
            }
            self.take_back().await?;
        }
        let own_tx = self.database.tenant(self.options.customer_id).await?;
        own_tx.bound_waits().await?;
        transactions::make(own_tx, destinations, spans).await?;
        self.days.lock_all(self.tx).await?;
        Ok(None)
    }

    /// Undoes what was done ahead; its locks are given up with it.
    async fn take_back(&self) -> Result<Option<Ahead>, DbError> {
        self.savepoint("rollback to savepoint ahead").await.map(|()| None)
    }

    async fn savepoint(&self, sql: &str) -> Result<(), DbError> {
        self.tx.batch_execute(sql).await.map_err(doing("mark where the merge began"))
    }

    async fn merge_staged(&self, part: Part<'_>) -> Result<Merged, DbError> {
        transactions::merge_staged(self.tx, self.options, self.spans, part).await
    }
}
