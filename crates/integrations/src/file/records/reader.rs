//! Turns the records of a file into blocks of drafts.

use std::sync::Arc;

use shelfops_ingest::source::{SourceBlock, SourceError};
use shelfops_ingest::values::Conventions;

use super::RecordBlock;
use crate::file::cursor::FileCursor;
use crate::file::mapping::{ColumnPlan, Scratch};

/// Reads the records of one format.
pub(crate) trait ReadRecords: Send {
    /// Adds records until the block is full or the file ends.
    ///
    /// # Errors
    /// Fails when reading cannot go on; the records added before are sound.
    fn read(&mut self, block: &mut RecordBlock) -> Result<(), SourceError>;

    /// Returns where the next record stands.
    fn cursor(&self) -> FileCursor;

    /// Returns how many bytes of the file have been read, roughly where they are compressed.
    fn bytes_read(&self) -> u64;
}

/// Reads blocks of records and turns them into drafts.
pub(crate) struct BlockReader {
    pub(crate) records: Box<dyn ReadRecords>,
    pub(crate) columns: Arc<[String]>,
    pub(crate) plan: ColumnPlan,
    pub(crate) conventions: Conventions,
    scratch: Scratch,
    state: State,
}

enum State {
    /// Nothing was handed out yet.
    Fresh,
    Reading,
    /// Reading failed behind the block that was handed out last.
    Failed(SourceError),
    Ended,
}

impl BlockReader {
    /// Reads `records`, whose values stand under `columns`, by `plan` and `conventions`.
    pub(crate) fn new(
        records: Box<dyn ReadRecords>,
        columns: Arc<[String]>,
        plan: ColumnPlan,
        conventions: Conventions,
    ) -> Self {
        let (scratch, state) = (Scratch::default(), State::Fresh);
        Self { records, columns, plan, conventions, scratch, state }
    }

    /// Reads the next block.
    ///
    /// What can be read is handed out before an error, and a file without further records still
    /// gives one block without any: its cursor says that the end was reached.
    ///
    /// # Errors
    /// Fails when reading cannot go on.
    pub(crate) fn next_block(&mut self) -> Result<Option<SourceBlock>, SourceError> {
        let is_first = matches!(self.state, State::Fresh);
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => return Ok(None),
            State::Failed(error) => return Err(error),
            State::Fresh | State::Reading => {}
        }
        let mut block = RecordBlock::new(self.columns.clone(), self.records.cursor().record);
        let result = self.records.read(&mut block);
        if block.len() == 0 && !is_first {
            return result.map(|()| None);
        }
        self.state = match result {
            Ok(()) if block.len() == 0 => State::Ended,
            Ok(()) => State::Reading,
            Err(error) if block.len() == 0 => return Err(error),
            Err(error) => State::Failed(error),
        };
        Ok(Some(self.mapped(block)))
    }

    /// Skips records that were read in an earlier run; returns how many there were.
    ///
    /// # Errors
    /// Fails when reading cannot go on.
    pub(crate) fn skip(&mut self, count: u64) -> Result<u64, SourceError> {
        let mut skipped = 0;
        while skipped < count {
            let mut block =
                RecordBlock::new(self.columns.clone(), skipped).with_most_records(count - skipped);
            let result = self.records.read(&mut block);
            skipped += block.len() as u64;
            if block.len() == 0 {
                return result.map(|()| skipped);
            }
            result?;
        }
        Ok(skipped)
    }

    fn mapped(&mut self, mut block: RecordBlock) -> SourceBlock {
        let mut drafts = Vec::with_capacity(block.len());
        let (plan, scratch, conventions) = (&self.plan, &mut self.scratch, &self.conventions);
        block.take_each(|record| {
            drafts.push(
                record.map(|view| plan.draft(|column| view.value(column), scratch, conventions)),
            );
        });
        SourceBlock {
            drafts,
            raw: Arc::new(block),
            withdrawn: Vec::new(),
            cursor: self.records.cursor().into(),
            bytes_read: self.records.bytes_read(),
        }
    }
}
