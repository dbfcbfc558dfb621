//! A file as the pipeline reads it: one block ahead, off the threads that must not wait.

use std::path::Path;

use futures::FutureExt;
use futures::future::BoxFuture;
use shelfops_ingest::Stream;
use shelfops_ingest::source::{Source, SourceBlock, SourceError};
use tokio::task::JoinHandle;

use super::open::{Opened, open};
use super::records::BlockReader;
use super::{Explanation, FileDescription, Mapping, OpenError, ReadOptions};

/// The records of one file.
pub struct FileSource {
    stream: Stream,
    total_bytes: u64,
    description: FileDescription,
    explanation: Explanation,
    mapping: Mapping,
    idle: Option<Box<BlockReader>>,
    reading: Option<JoinHandle<ReadBlock>>,
}

type ReadBlock = (Box<BlockReader>, Result<Option<SourceBlock>, SourceError>);

impl FileSource {
    /// Opens a file; reads its beginning, and up to the record to resume at where one cannot jump
    /// there, so call it where blocking is allowed.
    ///
    /// # Errors
    /// Fails when there is no such file, when it is of no known format or damaged from its start,
    /// when the mapping does not fit it, or when a required field has no column.
    pub fn open(path: &Path, stream: Stream, options: &ReadOptions) -> Result<Self, OpenError> {
        let Opened { total_bytes, description, plan, advice, reader } =
            open(path, stream, options)?;
        plan.require_complete(advice).map_err(|source| OpenError::mapping(path, source))?;
        Ok(Self {
            stream,
            total_bytes,
            description,
            explanation: plan.explain(),
            mapping: plan.effective_mapping(&options.mapping, &reader.conventions),
            idle: Some(Box::new(reader)),
            reading: None,
        })
    }

    /// Returns what the file was found to be.
    pub const fn description(&self) -> &FileDescription {
        &self.description
    }

    /// Returns where each field comes from.
    pub const fn explanation(&self) -> &Explanation {
        &self.explanation
    }

    /// Returns the mapping that spells out every choice made for this file. Keep it with what is
    /// quarantined: by it, single records are read again as this source reads them.
    pub const fn effective_mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Starts to read the next block on a thread that may wait for the disk.
    fn read_ahead(&mut self, mut reader: Box<BlockReader>) {
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let block = reader.next_block();
            (reader, block)
        }));
    }
}

impl Source for FileSource {
    fn stream(&self) -> Stream {
        self.stream
    }

    fn total_bytes(&self) -> Option<u64> {
        Some(self.total_bytes)
    }

    /// Reads the next block; a file without records gives one block without any, whose cursor
    /// says that the end was reached.
    ///
    /// While the caller works on a block, the next is read: two are in memory at most.
    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, SourceError>> {
        async move {
            if let Some(reader) = self.idle.take() {
                self.read_ahead(reader);
            }
            let Some(reading) = self.reading.as_mut() else { return Ok(None) };
            let finished = reading.await;
            self.reading = None;
            let (reader, block) = finished.map_err(|lost| {
                SourceError::caused_by("the file's reader stopped: import the file again", lost)
            })?;
            if matches!(block, Ok(Some(_))) {
                self.read_ahead(reader);
            }
            block
        }
        .boxed()
    }
}
