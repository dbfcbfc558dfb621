//! The bulk sink: binary COPY into a staging table, or straight into a partition in the making; one
//! set-based merge; one transaction a batch.
//!
//! Staging tables are temporary tables of the application role, so a crash leaves none behind. The
//! merge runs as that role too: row security judges every row that it writes. A partition in the
//! making has a check in its place, because COPY does not go together with row security.

mod batch;
mod days;
mod destinations;
mod encode;
mod gathered;
mod ids;
mod merging;
pub(crate) mod references;
mod retention;
mod staged_spans;
mod tables;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shelfops_ingest::pipeline::{Alignment, BatchLimit};
use shelfops_ingest::quarantine::ReferenceEntity;
use shelfops_ingest::sink::{Sink, SinkError};
use shelfops_ingest::{CustomerId, SourceName, Stream};
use tokio::sync::Mutex;
use uuid::Uuid;

pub use batch::TableBatch;
use references::References;
use staged_spans::StagedSpans;
use turns::Turns;

use crate::models::Disposal;
use crate::{Database, DbError};

/// Chunks of a week, from a Monday.
const CHUNKS: Alignment = Alignment {
    origin: Timestamp::constant(946_857_600, 0),
    length: SignedDuration::from_hours(7 * 24),
};

/// How long a batch that went ahead waits for its turn before it gives back what it holds: far longer
/// than any batch takes. Somebody who waits for a lock of both batches would otherwise wait for ever,
/// and the database could not know.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where a run writes, and how.
#[derive(Clone, Debug)]
pub struct SinkOptions {
    /// Whose rows they are.
    pub customer_id: CustomerId,
    /// Which of the tenant's systems they come from.
    pub source: SourceName,
    /// Which records.
    pub stream: Stream,
    /// What is read: names the cursor.
    pub origin: String,
    /// Where records wait in quarantine: one that is read from several origins of one place waits there once.
    pub quarantine_origin: String,
    /// The run, already recorded.
    pub sync_run_id: Uuid,
    /// Which unknown stores, products and suppliers are created; records with others wait in
    /// quarantine.
    pub create_unknown: Vec<ReferenceEntity>,
    /// Whether the records come out of quarantine.
    pub is_replay: bool,
    /// Whether the records stood in a file, whose times are read by a clock that somebody chose: then
    /// the same lines may come again by another clock, and what a line leaves out says nothing.
    pub is_of_file: bool,
    /// How large batches are, which the sink has a say in: small where two can be merged at the same
    /// time, large where weeks come whole.
    pub batch_records: BatchLimit,
}

/// Writes one stream of one tenant.
pub struct CopySink {
    shared: Arc<Shared>,
}

/// What the batches of a run have in common.
struct Shared {
    database: Database,
    options: SinkOptions,
    disposal: Disposal,
    references: Mutex<References>,
    staged_spans: Arc<StagedSpans>,
    turns: Turns,
    patience: Duration,
    loaded: std::sync::Mutex<Option<(Timestamp, Timestamp)>>,
}

impl CopySink {
    /// Prepares to write.
    pub fn new(database: &Database, options: SinkOptions) -> Self {
        let disposal = if options.is_replay { Disposal::Settle } else { Disposal::Keep };
        let references = Mutex::new(References::new(&options));
        Self {
            shared: Arc::new(Shared {
                database: database.clone(),
                options,
                disposal,
                references,
                staged_spans: Arc::default(),
                turns: Turns::default(),
                patience: PATIENCE,
                loaded: std::sync::Mutex::new(None),
            }),
        }
    }

    /// The same with another time that a batch which went ahead waits for its turn before it gives back
    /// what it holds.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.patience = patience;
        }
        self
    }

    /// Returns how large batches are, for the pipeline that fills them.
    pub fn batch_records(&self) -> BatchLimit {
        self.shared.options.batch_records.clone()
    }

    /// Returns where batches had better end: with the chunks, so that new ones come whole.
    pub fn alignment(&self) -> Option<Alignment> {
        // As in the migrations that create them; a chunk of another length costs speed, no more.
        let is_time_series =
            matches!(self.shared.options.stream, Stream::Transactions | Stream::Inventory);
        is_time_series.then_some(CHUNKS)
    }

    /// Returns the time range that committed transactions fell into, for the rollups.
    pub fn loaded_range(&self) -> Option<(Timestamp, Timestamp)> {
        *self.shared.loaded.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Sink for CopySink {
    type Writer = TableBatch;

    async fn begin(&self) -> Result<TableBatch, SinkError> {
        TableBatch::begin(self.shared.clone()).await.map_err(|error| self.shared.failed(error))
    }
}

impl Shared {
    /// Remembers a time range into which rows were loaded.
    fn note_loaded(&self, range: (Timestamp, Timestamp)) {
        let mut loaded = self.loaded.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (from, to) = loaded.unwrap_or(range);
        *loaded = Some((from.min(range.0), to.max(range.1)));
    }

    /// Says to whom it happened and what to do; the reason itself is the error's.
    fn failed(&self, error: DbError) -> SinkError {
        let options = &self.options;
        let is_conflict = error.is_conflict();
        let failed = SinkError::caused_by(
            format!(
                "could not write {} of {}; nothing of this batch was written, the next run resumes \
                 before it",
                options.stream, options.source
            ),
            error,
        );
        failed.in_conflict(is_conflict)
    }
}
