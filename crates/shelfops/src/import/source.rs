//! Reads waiting records out of quarantine, as a source like any other.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use shelfops_db::models::{ReplayCandidate, ReplayChoice, ReplayFilter};
use shelfops_db::{Database, DbError, TenantTx};
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::quarantine::{Position, memory_of};
use shelfops_ingest::records::Draft;
use shelfops_ingest::source::{Malformed, RawRecords, Source, SourceBlock, SourceError};
use shelfops_ingest::values::Conventions;
use shelfops_ingest::{CustomerId, Stream};
use shelfops_integrations::connector::{self, Connector};
use shelfops_integrations::file::{Mapping, RawMapper};
use uuid::Uuid;

/// How many records are read at once.
const BLOCK_RECORDS: usize = 4_096;

/// How many ids are looked up at once: finding any costs a look at all that waits.
const IDS_AT_ONCE: i64 = 200_000;

/// How much text they may be: as values in memory they take up to twenty times as much.
const BLOCK_BYTES: i64 = 2 << 20;

/// Reads a record again as the run did that found it.
#[derive(Clone)]
pub(super) enum RawReader {
    /// A record of a file.
    File(Arc<RawMapper>),
    /// A record of a vendor.
    Vendor(&'static dyn Connector),
}

impl RawReader {
    fn draft(&self, stream: Stream, raw: &Value) -> Result<Draft, Malformed> {
        match self {
            Self::File(mapper) => mapper.draft(raw),
            Self::Vendor(connector) => connector.draft_from_raw(stream, raw),
        }
    }
}

/// Waiting records of one source and stream.
pub(super) struct QuarantineSource {
    pub(super) database: Database,
    pub(super) customer_id: CustomerId,
    pub(super) source: String,
    pub(super) stream: Stream,
    pub(super) is_of_file: bool,
    pub(super) rule: Option<String>,
    pub(super) quarantined_record_id: Option<Uuid>,
    pub(super) only_arrived: bool,
    pub(super) conventions: Conventions,
    /// Records that were found and not read yet, the next one first.
    pub(super) found: VecDeque<Uuid>,
    /// The last one that was found.
    pub(super) after: Option<Uuid>,
    pub(super) mappers: FxHashMap<Uuid, Result<RawReader, String>>,
    pub(super) read: u64,
}

impl QuarantineSource {
    async fn next(&mut self) -> Result<Option<SourceBlock>, DbError> {
        let tx = self.database.tenant(self.customer_id).await?;
        let block = self.read_block(&tx).await?;
        tx.commit().await?;
        Ok(block)
    }

    async fn read_block(&mut self, tx: &TenantTx) -> Result<Option<SourceBlock>, DbError> {
        let candidates = loop {
            if self.found.is_empty() {
                self.find(tx).await?;
            }
            let count = self.found.len().min(BLOCK_RECORDS);
            let mut ids: Vec<Uuid> = self.found.iter().take(count).copied().collect();
            if ids.is_empty() {
                return Ok(None);
            }
            ids.truncate(tx.replay_portion(&ids, BLOCK_BYTES).await?);
            self.found.drain(..ids.len());
            let candidates = tx.replay_candidates(&ids).await?;
            if !candidates.is_empty() {
                break candidates;
            }
        };
        let mut drafts = Vec::with_capacity(candidates.len());
        let mut records = Vec::with_capacity(candidates.len());
        for ReplayCandidate { quarantined_record_id, sync_run_id, raw } in candidates {
            drafts.push(match self.mapper(tx, sync_run_id).await? {
                Ok(reader) => reader.draft(self.stream, &raw),
                Err(reason) => Err(Malformed { reason }),
            });
            records.push((quarantined_record_id, raw));
        }
        let memory_bytes = records.iter().map(|(_, raw)| memory_of(raw)).sum();
        let first = self.read + 1;
        self.read += records.len() as u64;
        let last = records.last().map(|(id, _)| *id);
        Ok(Some(SourceBlock {
            drafts,
            raw: Arc::new(Candidates { first, records, memory_bytes }),
            withdrawn: Vec::new(),
            cursor: Cursor::new(json!(last)),
            bytes_read: self.read,
        }))
    }

    /// Looks up which records come next.
    async fn find(&mut self, tx: &TenantTx) -> Result<(), DbError> {
        let filter = ReplayFilter {
            source: &self.source,
            stream: self.stream.name(),
            is_of_file: self.is_of_file,
            choice: ReplayChoice {
                rule: self.rule.as_deref(),
                quarantined_record_id: self.quarantined_record_id,
                only_arrived: self.only_arrived,
            },
        };
        let ids = tx.replay_ids(&filter, self.after, IDS_AT_ONCE).await?;
        self.after = ids.last().copied().or(self.after);
        self.found = ids.into();
        Ok(())
    }

    /// Returns the mapper of the run that found a record; runs are few, records many.
    async fn mapper(
        &mut self,
        tx: &TenantTx,
        sync_run_id: Uuid,
    ) -> Result<Result<RawReader, String>, DbError> {
        if let Some(known) = self.mappers.get(&sync_run_id) {
            return Ok(known.clone());
        }
        let options = tx.run_options(sync_run_id).await?;
        let made = self.make_mapper(&options);
        self.mappers.insert(sync_run_id, made.clone());
        Ok(made)
    }

    fn make_mapper(&self, options: &Value) -> Result<RawReader, String> {
        if let Some(name) = options.get("connector").and_then(Value::as_str) {
            let found = connector::find(name).map(RawReader::Vendor);
            return found.ok_or_else(|| format!("this program has no connector '{name}'"));
        }
        let mapping = options.get("mapping").cloned().unwrap_or_else(|| json!({}));
        let mapping: Mapping = serde_json::from_value(mapping)
            .map_err(|error| format!("its run's mapping cannot be read: {error}"))?;
        let mapper = RawMapper::new(&mapping, self.stream, &self.conventions)
            .map_err(|error| error.to_string())?;
        Ok(RawReader::File(Arc::new(mapper)))
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
        async {
            let block = self.next().await;
            block.map_err(|error| SourceError::caused_by("could not read the quarantine", error))
        }
        .boxed()
    }
}

/// Records as quarantine kept them.
struct Candidates {
    first: u64,
    records: Vec<(Uuid, Value)>,
    memory_bytes: usize,
}

impl RawRecords for Candidates {
    fn position(&self, index: usize) -> Position {
        Position { record: self.first + index as u64, line: None }
    }

    fn raw(&self, index: usize) -> Value {
        self.records[index].1.clone()
    }

    fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    fn replay_of(&self, index: usize) -> Option<Uuid> {
        Some(self.records[index].0)
    }
}
