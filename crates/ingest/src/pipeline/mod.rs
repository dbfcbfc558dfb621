//! Carries a stream from its source through the rules into a sink, one batch after the other.
//!
//! Reading and judging run ahead of writing by a few blocks; while one batch commits, the next is
//! staged. Commits happen in order, so the cursor never passes a record that is not durable.

mod producer;
mod validate;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use validate::{Judged, Judgement, judge};

use crate::batch::{BatchCounts, Checkpoint, Totals, Written};
use crate::sink::{BatchWriter, Sink, SinkError};
use crate::source::{Source, SourceError};
use producer::Item;

/// How many judged blocks may wait for the sink.
const BLOCKS_AHEAD: usize = 4;

/// How a run behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most records a batch may have.
    pub batch_records: u32,
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
        "none of the first {read} records passed; the last failed '{rule}': {reason}. Nothing was \
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
    let reading =
        AbortOnDrop(tokio::spawn(producer::run(source, settings, observer.clone(), sender)));
    let mut consumer = Consumer { progress: Progress::default(), committing: None, observer };
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
                consumer.progress.bytes_read = bytes_read;
                consumer.observer.progress(&consumer.progress);
            }
            Item::EndOfBatch(checkpoint) => {
                is_complete = checkpoint.is_last;
                let ended = match writer.take() {
                    Some(ended) => ended,
                    None => sink.begin().await?,
                };
                consumer.commit(ended, checkpoint).await?;
            }
            Item::Failed(error) => {
                consumer.settle().await?;
                return Err(error);
            }
        }
    }
    consumer.settle().await?;
    drop(reading);
    Ok(Outcome { totals: consumer.progress.totals, is_complete })
}

/// Keeps commits in order and counts what they did.
struct Consumer {
    progress: Progress,
    committing: Option<Committing>,
    observer: Arc<dyn Observer>,
}

struct Committing {
    counts: BatchCounts,
    task: AbortOnDrop<Result<Written, SinkError>>,
}

impl Consumer {
    /// Waits for the batch before, then lets this one commit while the next is staged.
    async fn commit<W: BatchWriter>(
        &mut self,
        writer: W,
        checkpoint: Checkpoint,
    ) -> Result<(), PipelineError> {
        self.settle().await?;
        let counts = checkpoint.counts.clone();
        let task = AbortOnDrop(tokio::spawn(writer.commit(checkpoint)));
        self.committing = Some(Committing { counts, task });
        Ok(())
    }

    /// Waits for the batch that commits, if there is one.
    async fn settle(&mut self) -> Result<(), PipelineError> {
        let Some(mut committing) = self.committing.take() else { return Ok(()) };
        let written = (&mut committing.task.0)
            .await
            .map_err(|lost| PipelineError::TaskLost(lost.to_string()))??;
        self.progress.totals.add(&committing.counts, &written);
        self.observer.progress(&self.progress);
        Ok(())
    }
}

/// A task that ends with its owner: nothing of a failed run goes on in the background.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
