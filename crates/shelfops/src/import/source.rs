//! Reads waiting records out of quarantine, as a source like any other.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use shelfops_db::Database;
use shelfops_db::models::{ReplayCandidate, ReplayFilter};
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::quarantine::Position;
use shelfops_ingest::source::{Malformed, RawRecords, Source, SourceBlock, SourceError};
use shelfops_ingest::values::Conventions;
use shelfops_ingest::{CustomerId, Stream};
use shelfops_integrations::file::{Mapping, RawMapper};
use uuid::Uuid;

/// How many records are read at once.
const BLOCK_RECORDS: i64 = 4_096;

/// Waiting records of one source and stream.
pub(super) struct QuarantineSource {
    pub(super) database: Database,
    pub(super) customer_id: CustomerId,
    pub(super) source: String,
    pub(super) stream: Stream,
    pub(super) rule: Option<String>,
    pub(super) quarantined_record_id: Option<Uuid>,
    pub(super) only_arrived: bool,
    pub(super) conventions: Conventions,
    pub(super) after: Option<Uuid>,
    pub(super) mappers: FxHashMap<String, Result<Arc<RawMapper>, String>>,
    pub(super) read: u64,
}

impl QuarantineSource {
    async fn next(&mut self) -> Result<Option<SourceBlock>, SourceError> {
        let filter = ReplayFilter {
            source: &self.source,
            stream: self.stream.name(),
            rule: self.rule.as_deref(),
            quarantined_record_id: self.quarantined_record_id,
            only_arrived: self.only_arrived,
        };
        let failed = |error| SourceError::caused_by("could not read the quarantine", error);
        let tx = self.database.tenant(self.customer_id).await.map_err(failed)?;
        let candidates =
            tx.replay_candidates(&filter, self.after, BLOCK_RECORDS).await.map_err(failed)?;
        drop(tx);
        let Some(last) = candidates.last() else { return Ok(None) };
        self.after = Some(last.quarantined_record_id);
        let drafts = candidates
            .iter()
            .map(|candidate| match self.mapper(&candidate.options) {
                Ok(mapper) => mapper.draft(&candidate.raw),
                Err(reason) => Err(Malformed { reason }),
            })
            .collect();
        let first = self.read + 1;
        self.read += candidates.len() as u64;
        Ok(Some(SourceBlock {
            drafts,
            raw: Arc::new(Candidates { first, candidates }),
            cursor: Cursor::new(json!(self.after)),
            bytes_read: self.read,
        }))
    }

    /// Returns the mapper of the run that found a record; runs are few, records many.
    fn mapper(&mut self, options: &Value) -> Result<Arc<RawMapper>, String> {
        let key = options.to_string();
        let (stream, conventions) = (self.stream, &self.conventions);
        self.mappers
            .entry(key)
            .or_insert_with(|| {
                let mapping = options.get("mapping").cloned().unwrap_or_else(|| json!({}));
                let mapping: Mapping = serde_json::from_value(mapping)
                    .map_err(|error| format!("its run's mapping cannot be read: {error}"))?;
                let mapper = RawMapper::new(&mapping, stream, conventions)
                    .map_err(|error| error.to_string())?;
                Ok(Arc::new(mapper))
            })
            .clone()
    }
}

impl Source for QuarantineSource {
    fn stream(&self) -> Stream {
        self.stream
    }

    fn total_bytes(&self) -> Option<u64> {
        None
    }

    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, SourceError>> {
        self.next().boxed()
    }
}

/// Records as quarantine kept them.
struct Candidates {
    first: u64,
    candidates: Vec<ReplayCandidate>,
}

impl RawRecords for Candidates {
    fn position(&self, index: usize) -> Position {
        Position { record: self.first + index as u64, line: None }
    }

    fn raw(&self, index: usize) -> Value {
        self.candidates[index].raw.clone()
    }

    fn memory_bytes(&self) -> usize {
        // JSON in memory takes several times its text; the text is a fair share of that.
        self.candidates.len() * 1_024
    }

    fn replay_of(&self, index: usize) -> Option<Uuid> {
        Some(self.candidates[index].quarantined_record_id)
    }
}
