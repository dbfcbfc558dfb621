//! One batch: staged while it is read, merged, and committed as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};
use shelfops_ingest::Stream;
use shelfops_ingest::batch::{Accepted, Checkpoint, ValidBlock, Written};
use shelfops_ingest::quarantine::{MissingReference, QuarantinedRecord, ReferenceEntity};
use shelfops_ingest::records::Withdrawn;
use shelfops_ingest::rules::{KnownProduct, KnownStore, KnownSupplier, Rule as _};
use shelfops_ingest::sink::{BatchWriter, SinkError};
use shelfops_ingest::source::RawRecords;
use uuid::Uuid;

use super::Shared;
use super::days::Days;
use super::destinations::Destinations;
use super::gathered::Gathered;
use super::merging::Merging;
use super::retention;
use super::staged_spans::OwnSpans;
use super::tables::{self, Merged, Rejected, StagedBatch, transactions};
use super::turns::Turn;
use crate::error::doing;
use crate::models::{CursorPlace, Disposal};
use crate::{DbError, TenantTx};

/// A batch in the making: an open transaction with a COPY into its staging table.
pub struct TableBatch {
    shared: Arc<Shared>,
    tx: TenantTx,
    destinations: Destinations,
    spans: OwnSpans,
    days: Days,
    /// Since when rows are kept; older ones are refused.
    kept_since: Option<Timestamp>,
    created_references: u64,
    quarantined: Gathered,
    refused: BTreeMap<&'static str, u64>,
    held: FxHashMap<u32, Held>,
    superseded: Vec<u32>,
    withdrawn: Vec<Withdrawn>,
    staged: Vec<Staged>,
    /// Quarantined records of a replay that told nothing new: settled, though nothing is written.
    told_before: Vec<Uuid>,
    blocks: Vec<Arc<dyn RawRecords>>,
    merged: Option<MergedBatch>,
    /// Last, so that the next batch has its turn when everything else of this one is gone.
    turn: Turn,
}

/// What a merged batch still has to say in its commit.
struct MergedBatch {
    checkpoint: Checkpoint,
    written: Written,
    range: Option<(Timestamp, Timestamp)>,
}

/// Why a row of the batch waits, and which record it was.
struct Held {
    rule: &'static str,
    record_number: u64,
}

/// Where a staged row came from: kept because the merge may still refuse it.
struct Staged {
    row_number: u32,
    block: u32,
    raw_index: u32,
}

impl TableBatch {
    pub(super) async fn begin(shared: Arc<Shared>) -> Result<Self, DbError> {
        let turn = shared.turns.next();
        let tx = shared.database.tenant(shared.options.customer_id).await?;
        let stream = shared.options.stream;
        let table = tables::staging(stream);
        table.open(&tx).await?;
        let kept_since = retention::kept_since(&tx, stream).await?;
        let spans = OwnSpans::new(&shared.staged_spans);
        Ok(Self {
            shared,
            tx,
            spans,
            destinations: Destinations::new(table.copy, table.columns),
            days: Days::default(),
            kept_since,
            created_references: 0,
            quarantined: Gathered::default(),
            refused: BTreeMap::new(),
            held: FxHashMap::default(),
            superseded: Vec::new(),
            withdrawn: Vec::new(),
            staged: Vec::new(),
            told_before: Vec::new(),
            blocks: Vec::new(),
            merged: None,
            turn,
        })
    }

    async fn stage_block(&mut self, block: ValidBlock) -> Result<(), DbError> {
        let shared = self.shared.clone();
        let mut references = shared.references.lock().await;
        self.created_references +=
            references.learn(&shared.database, &shared.options, &block.accepted).await?;
        self.quarantined.extend(block.quarantined);
        self.superseded.extend(block.superseded);
        for withdrawn in &block.withdrawn {
            transactions::add_days(&mut self.days, withdrawn.occurred_at);
        }
        self.withdrawn.extend(block.withdrawn);
        let block_number = u32::try_from(self.blocks.len()).unwrap_or(u32::MAX);
        if shared.options.stream == Stream::Transactions {
            let Self { destinations, spans, tx, .. } = self;
            transactions::route(destinations, spans, tx, &block.accepted).await?;
            transactions::prefer_size(destinations, &shared.options.batch_records);
        }
        for accepted in &block.accepted {
            let Accepted { row_number, raw_index, ref record } = *accepted;
            if let Some(reason) = retention::too_old(record, self.kept_since) {
                self.put_aside(accepted, (retention::rule(), reason, None), &*block.raw);
                continue;
            }
            let ids = match references.resolve(record) {
                Ok(ids) => ids,
                Err(missing) => {
                    self.hold(accepted, missing, &*block.raw);
                    continue;
                }
            };
            let place = tables::write(
                &mut self.destinations,
                &mut self.days,
                accepted,
                tables::Target { options: &shared.options, references: &references, ids },
            );
            self.destinations.send_full(&self.tx, place).await?;
            self.staged.push(Staged { row_number, block: block_number, raw_index });
        }
        let replayed =
            block.repeated.iter().filter_map(|index| block.raw.replay_of(*index as usize));
        self.told_before.extend(replayed);
        self.blocks.push(block.raw);
        self.quarantine_gathered().await
    }

    /// Writes quarantined records once there are many, so that a file of nothing else takes no more
    /// memory than another. What is replayed is settled at the end, all at once.
    async fn quarantine_gathered(&mut self) -> Result<(), DbError> {
        if self.quarantined.is_full() && self.shared.disposal == Disposal::Keep {
            self.destinations.close().await?;
            self.tx.quarantine(&self.quarantine_place(), self.quarantined.records()).await?;
            self.quarantined.clear();
        }
        Ok(())
    }

    /// Puts a record aside until what it refers to arrives.
    fn hold(&mut self, accepted: &Accepted, missing: MissingReference, raw: &dyn RawRecords) {
        let rule = match missing.entity {
            ReferenceEntity::Store => KnownStore.name(),
            ReferenceEntity::Product => KnownProduct.name(),
            ReferenceEntity::Supplier => KnownSupplier.name(),
        };
        let reason = format!("{} '{}' is not known", missing.entity.name(), missing.external_id);
        self.put_aside(accepted, (rule, reason, Some(missing)), raw);
    }

    /// Puts a record aside that the tables cannot take.
    fn put_aside(
        &mut self,
        accepted: &Accepted,
        (rule, reason, missing_reference): (&'static str, String, Option<MissingReference>),
        raw: &dyn RawRecords,
    ) {
        let index = accepted.raw_index as usize;
        *self.refused.entry(rule).or_default() += 1;
        let position = raw.position(index);
        self.held.insert(accepted.row_number, Held { rule, record_number: position.record });
        self.quarantined.push(QuarantinedRecord {
            rule,
            reason: reason.into(),
            position,
            raw: raw.raw(index),
            missing_reference,
            replay_of: raw.replay_of(index),
        });
    }

    /// Takes back out of quarantine what a newer version in the batch replaced: the pipeline has
    /// counted that already.
    async fn release_superseded(&mut self) -> Result<(), DbError> {
        let mut released = FxHashSet::default();
        for row_number in &self.superseded {
            let Some(held) = self.held.remove(row_number) else { continue };
            released.insert(held.record_number);
            if let Some(count) = self.refused.get_mut(held.rule) {
                *count -= 1;
            }
        }
        if released.is_empty() {
            return Ok(());
        }
        self.refused.retain(|_, count| *count > 0);
        self.quarantined.retain(|kept| {
            let was_held = kept.missing_reference.is_some() || kept.rule == retention::rule();
            !was_held || !released.contains(&kept.position.record)
        });
        if self.shared.disposal == Disposal::Settle {
            return Ok(());
        }
        // Those that were written already, because there were many.
        let released: Vec<u64> = released.into_iter().collect();
        self.tx.release_quarantined(&self.quarantine_place(), &released).await
    }

    async fn merge_all(&mut self, checkpoint: Checkpoint) -> Result<Written, DbError> {
        self.destinations.finish(&self.tx).await?;
        self.release_superseded().await?;
        // Sorting a batch must not go through the disk.
        self.tx
            .batch_execute("set local work_mem = '64MB'")
            .await
            .map_err(doing("set the memory of the merge"))?;
        self.tx.bound_waits().await?;
        let staged = (self.staged.len(), self.superseded.as_slice());
        tables::settle_staging(&self.tx, self.shared.options.stream, staged).await?;
        let merged = self.fold().await?;
        for rejected in &merged.rejected {
            self.reject(rejected);
            self.quarantine_gathered().await?;
        }
        let written = Written {
            inserted: merged.inserted,
            updated: merged.updated,
            unchanged: merged.unchanged,
            created_references: self.created_references,
            quarantined: std::mem::take(&mut self.refused),
        };
        self.settle_quarantine(&merged.rejected).await?;
        let answer = written.clone();
        self.merged = Some(MergedBatch { checkpoint, written, range: merged.range });
        Ok(answer)
    }

    /// Folds what is staged into the tables; when this returns, the batch before is over.
    async fn fold(&mut self) -> Result<Merged, DbError> {
        let Self { shared, tx, destinations, superseded, withdrawn, days, spans, turn, .. } = self;
        let options = &shared.options;
        if options.stream == Stream::Transactions {
            let merging = Merging {
                database: &shared.database,
                tx,
                options,
                batch: StagedBatch { destinations, superseded, withdrawn },
                days,
                spans,
                patience: shared.patience,
            };
            return merging.run(turn).await;
        }
        turn.before_is_over().await;
        // Batches of one stream follow each other, so that a row cannot appear between looking for
        // it and writing it.
        tx.execute(
            "select pg_advisory_xact_lock(hashtextextended($1, 2))",
            &[&format!("{}/{}/{}", options.customer_id, options.source, options.stream)],
        )
        .await
        .map_err(doing("wait for another batch of the same stream"))?;
        tables::merge(tx, options, &shared.database, superseded).await
    }

    async fn commit_merged(mut self) -> Result<(), DbError> {
        let Some(MergedBatch { checkpoint, written, range }) = self.merged.take() else {
            return Ok(());
        };
        let place = self.place();
        if !self.shared.options.is_replay {
            self.tx.advance_cursor(&place, &checkpoint.cursor, checkpoint.is_last).await?;
            if checkpoint.is_last && self.shared.options.is_of_file {
                self.tx.replace_quarantined(&place).await?;
            }
        }
        self.tx.count_batch(place.sync_run_id, &checkpoint.counts, &written).await?;
        let Self { tx, shared, staged, turn, .. } = self;
        tables::staging(shared.options.stream).empty(&tx, staged.len()).await?;
        tx.commit().await?;
        if let Some(range) = range {
            shared.note_loaded(range);
        }
        drop(turn);
        Ok(())
    }

    /// Quarantines a staged row that the table refused.
    fn reject(&mut self, rejected: &Rejected) {
        let found =
            self.staged.binary_search_by_key(&rejected.row_number, |staged| staged.row_number);
        let Ok(place) = found else { return };
        let Staged { block, raw_index, .. } = self.staged[place];
        let raw = &self.blocks[block as usize];
        *self.refused.entry(rejected.rule).or_default() += 1;
        self.quarantined.push(QuarantinedRecord {
            rule: rejected.rule,
            reason: rejected.reason.clone().into(),
            position: raw.position(raw_index as usize),
            raw: raw.raw(raw_index as usize),
            missing_reference: None,
            replay_of: raw.replay_of(raw_index as usize),
        });
    }

    async fn settle_quarantine(&self, rejected: &[Rejected]) -> Result<(), DbError> {
        if self.shared.disposal == Disposal::Keep {
            return self.tx.quarantine(&self.quarantine_place(), self.quarantined.records()).await;
        }
        let refused: FxHashSet<u32> = rejected.iter().map(|row| row.row_number).collect();
        let staged =
            self.staged.iter().filter(|staged| !refused.contains(&staged.row_number)).filter_map(
                |staged| self.blocks[staged.block as usize].replay_of(staged.raw_index as usize),
            );
        let passed: Vec<Uuid> = staged.chain(self.told_before.iter().copied()).collect();
        let failed: Vec<(Uuid, &QuarantinedRecord)> = self
            .quarantined
            .records()
            .iter()
            .filter_map(|kept| kept.replay_of.map(|id| (id, kept)))
            .collect();
        self.tx.settle_replayed(&passed, &failed).await
    }

    fn place(&self) -> CursorPlace<'_> {
        let options = &self.shared.options;
        CursorPlace {
            source: &options.source,
            stream: options.stream,
            origin: &options.origin,
            sync_run_id: options.sync_run_id,
        }
    }

    fn quarantine_place(&self) -> CursorPlace<'_> {
        CursorPlace { origin: &self.shared.options.quarantine_origin, ..self.place() }
    }
}

impl BatchWriter for TableBatch {
    async fn stage(&mut self, block: ValidBlock) -> Result<(), SinkError> {
        let staged = self.stage_block(block).await;
        staged.map_err(|error| self.shared.failed(error))
    }

    async fn merge(&mut self, checkpoint: Checkpoint) -> Result<Written, SinkError> {
        let merged = self.merge_all(checkpoint).await;
        merged.map_err(|error| self.shared.failed(error))
    }

    async fn commit(self) -> Result<(), SinkError> {
        let shared = self.shared.clone();
        self.commit_merged().await.map_err(|error| shared.failed(error))
    }
}
