//! What the pipeline reads from.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use uuid::Uuid;

use crate::Stream;
use crate::cursor::Cursor;
use crate::quarantine::Position;
use crate::records::{Draft, Withdrawn};

/// One tenant's stream, read from a cursor to its end, in order.
///
/// A source knows nothing of tables. It holds no more than one block in memory, and it may be
/// dropped at any time: the next one is opened with the cursor of the last block that was written,
/// and may repeat records but never skip one.
pub trait Source: Send {
    /// Which records it offers.
    fn stream(&self) -> Stream;

    /// Returns how many bytes there are to read in all, where that is known, for progress.
    fn total_bytes(&self) -> Option<u64>;

    /// Reads the next block; `None` at the end.
    ///
    /// # Errors
    /// Fails when reading cannot go on. A single bad record is no error: it comes as
    /// [`Malformed`] in its place.
    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, SourceError>>;
}

/// Some records, in the order of the source.
pub struct SourceBlock {
    /// The records, or why what stood in their place is none.
    pub drafts: Vec<Result<Draft, Malformed>>,
    /// The same records as the source told them, by the same index.
    pub raw: Arc<dyn RawRecords>,
    /// What is taken back of what was told before.
    pub withdrawn: Vec<Withdrawn>,
    /// Where to resume once this block is durable.
    pub cursor: Cursor,
    /// How many bytes of the source have been read so far.
    pub bytes_read: u64,
}

/// Something that stands where a record was expected and is none: it goes to quarantine whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong, such as a field too many or a quote left open.
    pub reason: String,
}

/// The records of a block as the source told them; asked only for those that end in quarantine.
pub trait RawRecords: Send + Sync {
    /// Returns where the record stood.
    fn position(&self, index: usize) -> Position;

    /// Returns the record as JSON: an object of its fields where it has any, else its text.
    fn raw(&self, index: usize) -> Value;

    /// Returns how much memory the block holds, in bytes.
    fn memory_bytes(&self) -> usize;

    /// Returns the id of the quarantined record that this one was read from, when it is a replay.
    fn replay_of(&self, _index: usize) -> Option<Uuid> {
        None
    }
}

/// Why reading cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    message: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SourceError {
    /// Says what happened to which source, and what to do.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: None }
    }

    /// The same, caused by another error.
    pub fn caused_by(
        message: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), cause: Some(cause.into()) }
    }
}
