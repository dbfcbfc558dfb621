//! What the pipeline writes to.

use std::future::Future;

use crate::batch::{Checkpoint, ValidBlock, Written};

/// Opens batches for one tenant's stream.
pub trait Sink: Send + Sync {
    /// A batch in the making.
    type Writer: BatchWriter;

    /// Opens a batch. Three may be open at once: the pipeline stages one while two are merged.
    ///
    /// # Errors
    /// Fails when the store cannot be reached.
    fn begin(&self) -> impl Future<Output = Result<Self::Writer, SinkError>> + Send;
}

/// A batch in the making; dropped without [`BatchWriter::commit`], it leaves nothing behind.
pub trait BatchWriter: Send + 'static {
    /// Brings a block to the store; nothing of it is visible yet.
    ///
    /// # Errors
    /// Fails when the store does; the batch is lost then, the cursor has not moved.
    fn stage(&mut self, block: ValidBlock) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Folds the batch into the store; nothing of it is visible before the commit.
    ///
    /// Called once. The pipeline merges two batches at the same time, the earlier one first: what
    /// the later one must not do before the earlier is over, its sink keeps back.
    ///
    /// # Errors
    /// Fails when the store does; nothing of the batch is durable then.
    fn merge(
        &mut self,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<Written, SinkError>> + Send;

    /// Makes records, quarantined records and cursor durable, all of them or none.
    ///
    /// The pipeline commits batches one after the other, in the order they were begun. Writing the
    /// same batch again changes nothing: a run resumes from its last checkpoint and may repeat.
    ///
    /// # Errors
    /// Fails when the store does; nothing of the batch is durable then.
    fn commit(self) -> impl Future<Output = Result<(), SinkError>> + Send;
}

/// Why a batch could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SinkError {
    message: String,
    is_conflict: bool,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SinkError {
    /// The same, when only another writer was in the way: the run succeeds when it resumes.
    #[must_use]
    pub fn in_conflict(self, is_conflict: bool) -> Self {
        Self { is_conflict, ..self }
    }

    /// Says what happened, and what to do.
    pub fn caused_by(
        message: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), is_conflict: false, cause: Some(cause.into()) }
    }

    /// The same, with no other error behind it.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_conflict: false, cause: None }
    }

    /// Whether only another writer was in the way.
    pub const fn is_conflict(&self) -> bool {
        self.is_conflict
    }
}
