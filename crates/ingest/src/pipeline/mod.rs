//! Carries a stream from its source through the rules into a sink, one batch after the other.
//!
//! Reading and judging run ahead of writing by a few blocks; while two batches are merged, the next is
//! staged. Commits happen in order, so the cursor never passes a record that is not durable.

mod committing;
mod producer;
mod validate;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

pub use validate::{Judged, Judgement, judge};

use crate::batch::Totals;
use crate::sink::{BatchWriter, Sink, SinkError};
use crate::source::{Source, SourceError};
use committing::{AbortOnDrop, Committing};
use producer::Item;

/// How many judged blocks may wait for the sink.
const BLOCKS_AHEAD: usize = 4;

/// How a run behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most records a batch may have.
    pub batch_records: BatchLimit,
    /// The most memory the raw records of a batch may take, in bytes.
    pub batch_bytes: usize,
    /// The present.
    pub now: Timestamp,
    /// Stop with [`PipelineError::AllRejected`] when that many records were read and none passed:
    /// then the mapping is wrong, not the data. `None` never stops.
    pub hopeless_after: Option<u64>,
    /// Where batches had better end, if the sink has a preference.
    pub alignment: Option<Alignment>,
}

/// How many records a batch has at most: a limit that holds throughout, and what the sink likes best at
/// the moment, which it may change while a run goes on.
#[derive(Clone, Debug)]
pub struct BatchLimit {
    most: u32,
    preferred: Arc<AtomicU32>,
}

impl BatchLimit {
    /// Starts with the limit itself, one at least.
    pub fn new(most: u32) -> Self {
        let most = most.max(1);
        Self { most, preferred: Arc::new(AtomicU32::new(most)) }
    }

    /// Returns how many records a batch has at most, from now on.
    pub fn get(&self) -> u32 {
        self.preferred.load(Ordering::Relaxed)
    }

    /// Wishes for batches of so many records; the limit holds all the same.
    pub fn prefer(&self, records: u32) {
        self.preferred.store(records.clamp(1, self.most), Ordering::Relaxed);
    }
}

/// Spans of time that a sink stores together: a batch that is at least half full ends before a block
/// that reaches into the next span, so that spans come whole where the source is sorted by time.
#[derive(Clone, Copy, Debug)]
pub struct Alignment {
    /// Where one of the spans starts.
    pub origin: Timestamp,
    /// How long each of them is.
    pub length: SignedDuration,
}

impl Alignment {
    /// Returns where a span starts.
    pub fn start_of(&self, span: i128) -> Option<Timestamp> {
        let offset = self.length.as_nanos().checked_mul(span)?;
        self.origin.checked_add(SignedDuration::try_from_nanos_i128(offset)?).ok()
    }

    /// Numbers the span that a moment lies in.
    pub fn span_of(&self, moment: Timestamp) -> i128 {
        let length = self.length.as_nanos().max(1);
        moment.duration_since(self.origin).as_nanos().div_euclid(length)
    }
}

/// Hears of progress, and may ask for an orderly stop.
pub trait Observer: Send + Sync {
    /// Told after each staged block and after each committed batch.
    fn progress(&self, progress: &Progress);

    /// Whether to stop after the batch at hand.
    fn should_stop(&self) -> bool {
        false
    }
}

/// How far a run has come.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Bytes of the source that have been judged, committed or not.
    pub bytes_read: u64,
    /// Those of them whose records are committed.
    pub bytes_committed: u64,
    /// What became of the records of committed batches.
    pub totals: Totals,
}

/// How a run ended that did not fail.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What became of every record.
    pub totals: Totals,
    /// Whether the source was read to its end; else the observer asked to stop.
    pub is_complete: bool,
}

/// Why a run ended early. What was committed before stays, and the next run resumes behind it.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The source cannot be read on; every record before is committed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The sink cannot be written on.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Nothing of what was read is usable.
    #[error(
        "none of the first {read} records passed; the last failed '{rule}': {reason}. No record was \
         loaded. Look at the mapping with --dry-run"
    )]
    AllRejected {
        /// How many records were read.
        read: u64,
        /// The rule that the last one failed.
        rule: &'static str,
        /// Why.
        reason: String,
    },
    /// A part of the pipeline ended without a word; never seen, but not worth a crash.
    #[error("the pipeline lost one of its tasks: {0}; run the same command again to resume")]
    TaskLost(String),
}

impl PipelineError {
    /// Whether only another writer was in the way: the run succeeds when it resumes.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Sink(error) if error.is_conflict())
    }
}

/// Runs until the source ends, something fails, or the observer asks to stop.
///
/// # Errors
/// See [`PipelineError`]. Batches that were committed before an error stay.
pub async fn run<S: Sink>(
    source: Box<dyn Source>,
    sink: &S,
    settings: Settings,
    observer: Arc<dyn Observer>,
) -> Result<Outcome, PipelineError> {
    let (sender, mut items) = mpsc::channel(BLOCKS_AHEAD);
    let mut reading =
        AbortOnDrop(tokio::spawn(producer::run(source, settings, observer.clone(), sender)));
    let mut committing = Committing::new(observer);
    let mut writer: Option<S::Writer> = None;
    let mut is_complete = false;
    while let Some(item) = items.recv().await {
        match item {
            Item::Block { block, bytes_read } => {
                let open = match writer.as_mut() {
                    Some(open) => open,
                    None => writer.insert(sink.begin().await?),
                };
                open.stage(block).await?;
                committing.tell_read(bytes_read);
            }
            Item::EndOfBatch(checkpoint) => {
                is_complete = checkpoint.is_last;
                let ended = match writer.take() {
                    Some(ended) => ended,
                    None => sink.begin().await?,
                };
                committing.start(ended, checkpoint).await?;
            }
            Item::Failed(error) => {
                committing.settle_all().await?;
                return Err(error);
            }
        }
    }
    let totals = committing.settle_all().await?;
    // Reading that broke off is no end of the source.
    (&mut reading.0).await.map_err(|lost| PipelineError::TaskLost(lost.to_string()))?;
    Ok(Outcome { totals, is_complete })
}

#[cfg(test)]
mod tests;
