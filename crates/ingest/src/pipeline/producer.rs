//! Reads and judges ahead of the sink, and decides where batches end.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::validate::{Judgement, judge, quarantined};
use super::{Observer, PipelineError, Settings};
use crate::batch::{Accepted, BatchCounts, Checkpoint, ValidBlock};
use crate::cursor::Cursor;
use crate::records::Withdrawn;
use crate::rules::duplicate_in_batch::{Appearance, Appearances};
use crate::rules::time_sane::happened;
use crate::rules::{DuplicateInBatch, Reason, Rule, RuleContext, record_rules};
use crate::source::{Source, SourceBlock};

/// What the sink's side is told, in order.
pub(super) enum Item {
    /// Records to stage.
    Block {
        /// The records.
        block: ValidBlock,
        /// How many bytes of the source have been read.
        bytes_read: u64,
    },
    /// Everything staged since the last end is one batch.
    EndOfBatch(Checkpoint),
    /// Reading cannot go on; whatever was staged since the last end is given up.
    Failed(PipelineError),
}

/// Reads until the source ends or the receiver is gone.
pub(super) async fn run(
    mut source: Box<dyn Source>,
    settings: Settings,
    observer: Arc<dyn Observer>,
    sender: Sender<Item>,
) {
    let mut batch = OpenBatch::new(record_rules(source.stream()), settings);
    loop {
        let item = match source.next_block().await {
            Ok(Some(block)) => {
                if batch.should_end_before(&block)
                    && sender.send(Item::EndOfBatch(batch.end(false))).await.is_err()
                {
                    return;
                }
                batch.judge(block)
            }
            Ok(None) => {
                let _ = sender.send(Item::EndOfBatch(batch.end(true))).await;
                return;
            }
            Err(error) => {
                // What was read before a file breaks off is as good as any: it is kept.
                if batch.counts.read > 0
                    && sender.send(Item::EndOfBatch(batch.end(false))).await.is_err()
                {
                    return;
                }
                Item::Failed(error.into())
            }
        };
        let failed = matches!(item, Item::Failed(_));
        if sender.send(item).await.is_err() || failed {
            return;
        }
        let stop = observer.should_stop();
        if (stop || batch.is_full())
            && sender.send(Item::EndOfBatch(batch.end(false))).await.is_err()
        {
            return;
        }
        if stop {
            return;
        }
    }
}

/// Whether it can be about a record that was let through, and of a version that another may replace.
fn has_sane_times(withdrawn: &Withdrawn, context: &RuleContext) -> bool {
    let times = [("occurred_at", withdrawn.occurred_at), ("updated_at", withdrawn.updated_at)];
    let judged = times.into_iter().try_for_each(|(name, at)| happened(name, Some(at), context));
    if let Err(reason) = &judged {
        let external_id = withdrawn.external_id.as_str();
        tracing::warn!(external_id, %reason, "a record that the source took back was left as it is");
    }
    judged.is_ok()
}

/// The batch that is being filled.
struct OpenBatch {
    rules: Vec<&'static dyn Rule>,
    settings: Settings,
    cursor: Cursor,
    counts: BatchCounts,
    appearances: Appearances,
    next_row: u32,
    raw_bytes: usize,
    read_in_all: u64,
    accepted_in_all: u64,
    span: Option<i128>,
}

impl OpenBatch {
    fn new(rules: Vec<&'static dyn Rule>, settings: Settings) -> Self {
        Self {
            rules,
            settings,
            cursor: Cursor::new(serde_json::Value::Null),
            counts: BatchCounts::default(),
            appearances: Appearances::default(),
            next_row: 0,
            raw_bytes: 0,
            read_in_all: 0,
            accepted_in_all: 0,
            span: None,
        }
    }

    /// Whether the block reaches into another span of time and the batch is full enough to end.
    fn should_end_before(&mut self, block: &SourceBlock) -> bool {
        let Some(alignment) = self.settings.alignment else { return false };
        let newest = block.drafts.iter().rev().find_map(|draft| draft.as_ref().ok()?.moment());
        let Some(span) = newest.map(|moment| alignment.span_of(moment)) else { return false };
        let is_other = self.span.replace(span).is_some_and(|before| before != span);
        let is_half_full = self.counts.read * 2 >= self.most_records()
            || self.raw_bytes * 2 >= self.settings.batch_bytes;
        is_other && is_half_full
    }

    fn is_full(&self) -> bool {
        self.counts.read >= self.most_records() || self.raw_bytes >= self.settings.batch_bytes
    }

    fn most_records(&self) -> u64 {
        u64::from(self.settings.batch_records.get())
    }

    /// Closes the batch and starts the next.
    fn end(&mut self, is_last: bool) -> Checkpoint {
        self.appearances = Appearances::default();
        self.next_row = 0;
        self.raw_bytes = 0;
        let counts = std::mem::take(&mut self.counts);
        Checkpoint { cursor: self.cursor.clone(), is_last, counts }
    }

    fn judge(&mut self, source: SourceBlock) -> Item {
        let context = RuleContext { now: self.settings.now };
        let mut block = ValidBlock {
            accepted: Vec::with_capacity(source.drafts.len()),
            quarantined: Vec::new(),
            superseded: Vec::new(),
            repeated: Vec::new(),
            withdrawn: source.withdrawn,
            raw: source.raw,
        };
        block.withdrawn.retain(|withdrawn| has_sane_times(withdrawn, &context));
        self.counts.read += source.drafts.len() as u64;
        self.read_in_all += source.drafts.len() as u64;
        for (index, draft) in source.drafts.into_iter().enumerate() {
            let judged = judge(draft, &self.rules, &context);
            for rule in judged.warnings {
                *self.counts.warnings.entry(rule).or_default() += 1;
            }
            match judged.judgement {
                Judgement::Accepted(record) => self.place(record, index, &mut block),
                Judgement::Rejected { rule, reason } => {
                    self.reject(rule, reason, index, &mut block);
                }
            }
        }
        self.accepted_in_all += block.accepted.len() as u64;
        self.raw_bytes += block.raw.memory_bytes();
        self.cursor = source.cursor;
        match self.hopeless(&block) {
            Some(error) => Item::Failed(error),
            None => Item::Block { block, bytes_read: source.bytes_read },
        }
    }

    /// Stages a record unless the batch already holds it.
    fn place(&mut self, record: crate::records::Record, index: usize, block: &mut ValidBlock) {
        match self.appearances.classify(&record, self.next_row) {
            Appearance::First => {}
            Appearance::Newer(earlier) => {
                self.counts.superseded += 1;
                block.superseded.push(earlier);
            }
            Appearance::Repeated | Appearance::Outdated => {
                self.counts.repeated += 1;
                block.repeated.push(u32::try_from(index).unwrap_or(u32::MAX));
                return;
            }
            Appearance::Contradicts => {
                let reason = format!(
                    "'{}' stands earlier in this batch with another content",
                    record.label()
                );
                self.reject(DuplicateInBatch.name(), reason.into(), index, block);
                return;
            }
        }
        let raw_index = u32::try_from(index).unwrap_or(u32::MAX);
        block.accepted.push(Accepted { record, row_number: self.next_row, raw_index });
        self.next_row += 1;
    }

    fn reject(&mut self, rule: &'static str, reason: Reason, index: usize, block: &mut ValidBlock) {
        *self.counts.quarantined.entry(rule).or_default() += 1;
        let kept = quarantined(rule, reason, &*block.raw, index);
        // As a value it takes several times what the source's text does, and lives as long as the batch.
        self.raw_bytes += kept.memory_bytes();
        block.quarantined.push(kept);
    }

    /// Tells a wrong mapping from bad data: when not one record passes, it is the mapping.
    fn hopeless(&self, block: &ValidBlock) -> Option<PipelineError> {
        let limit = self.settings.hopeless_after?;
        let last = block.quarantined.last()?;
        let is_hopeless = self.accepted_in_all == 0 && self.read_in_all >= limit;
        is_hopeless.then(|| PipelineError::AllRejected {
            read: self.read_in_all,
            rule: last.rule,
            reason: last.reason.to_string(),
        })
    }
}
