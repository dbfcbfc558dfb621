//! Batches that are merged, two at a time, and committed in order.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Observer, PipelineError, Progress};
use crate::batch::{BatchCounts, Checkpoint, Totals, Written};
use crate::sink::{BatchWriter, SinkError};

/// How many batches are merged at the same time. A database merges each on one core, and what is
/// held of a batch until it is committed takes memory: two is where most of the gain is.
const MERGING: usize = 2;

/// The batches that are ended and not committed yet, oldest first.
pub(super) struct Committing {
    progress: Progress,
    observer: Arc<dyn Observer>,
    batches: VecDeque<Batch>,
    /// Told when the newest batch is durable.
    newest: Option<oneshot::Receiver<()>>,
}

struct Batch {
    counts: BatchCounts,
    /// How far reading had come when it ended.
    bytes_read: u64,
    task: AbortOnDrop<Result<Written, SinkError>>,
}

impl Committing {
    pub(super) fn new(observer: Arc<dyn Observer>) -> Self {
        Self { progress: Progress::default(), observer, batches: VecDeque::new(), newest: None }
    }

    /// Tells how far reading has come.
    pub(super) fn tell_read(&mut self, bytes_read: u64) {
        self.progress.bytes_read = bytes_read;
        self.observer.progress(&self.progress);
    }

    /// Lets a batch merge and commit while the next is staged; waits while too many do.
    pub(super) async fn start<W: BatchWriter>(
        &mut self,
        writer: W,
        checkpoint: Checkpoint,
    ) -> Result<(), PipelineError> {
        while self.batches.len() >= MERGING {
            self.settle_oldest().await?;
        }
        let counts = checkpoint.counts.clone();
        let (durable, newest) = oneshot::channel();
        let before = self.newest.replace(newest);
        let task = AbortOnDrop(tokio::spawn(async move {
            let written = write(writer, checkpoint, before).await?;
            // Nobody listens to the last one.
            let _ = durable.send(());
            Ok(written)
        }));
        let bytes_read = self.progress.bytes_read;
        self.batches.push_back(Batch { counts, bytes_read, task });
        Ok(())
    }

    /// Waits for every batch; answers what became of all records.
    pub(super) async fn settle_all(&mut self) -> Result<Totals, PipelineError> {
        while !self.batches.is_empty() {
            self.settle_oldest().await?;
        }
        Ok(self.progress.totals.clone())
    }

    async fn settle_oldest(&mut self) -> Result<(), PipelineError> {
        let Some(mut oldest) = self.batches.pop_front() else { return Ok(()) };
        let written = (&mut oldest.task.0)
            .await
            .map_err(|lost| PipelineError::TaskLost(lost.to_string()))??;
        self.progress.totals.add(&oldest.counts, &written);
        self.progress.bytes_committed = oldest.bytes_read;
        self.observer.progress(&self.progress);
        Ok(())
    }
}

/// Merges a batch, and commits it once the one before is durable.
async fn write<W: BatchWriter>(
    mut writer: W,
    checkpoint: Checkpoint,
    before: Option<oneshot::Receiver<()>>,
) -> Result<Written, SinkError> {
    let written = writer.merge(checkpoint).await?;
    if let Some(before) = before {
        // Its own error is the one that is told: it is settled first.
        before.await.map_err(|_| SinkError::new("the batch before it was not written"))?;
    }
    writer.commit().await?;
    Ok(written)
}

/// A task that ends with its owner: nothing of a failed run goes on in the background.
pub(super) struct AbortOnDrop<T>(pub(super) JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
