//! A vendor's pages as the pipeline reads them: one page ahead.

use futures::FutureExt;
use futures::future::BoxFuture;
use shelfops_ingest::Stream;
use shelfops_ingest::source::{Source, SourceBlock, SourceError};
use tokio::task::JoinHandle;

use super::ConnectorError;

/// Reads a stream page by page.
pub(crate) trait PageReader: Send + 'static {
    /// Returns the next page as a block, whose cursor resumes behind it; `None` at the end.
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, ConnectorError>>;
}

/// A source over a page reader: while the caller works on a page, the next is fetched.
pub(crate) struct PageSource {
    stream: Stream,
    idle: Option<Box<dyn PageReader>>,
    reading: Option<Reading>,
}

type ReadPage = (Box<dyn PageReader>, Result<Option<SourceBlock>, ConnectorError>);

/// A task that ends with its source.
struct Reading(JoinHandle<ReadPage>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl PageSource {
    /// Wraps a reader; nothing is fetched before the first block is asked for.
    pub(crate) fn new(stream: Stream, reader: impl PageReader) -> Self {
        Self { stream, idle: Some(Box::new(reader)), reading: None }
    }

    fn read_ahead(&mut self, mut reader: Box<dyn PageReader>) {
        self.reading = Some(Reading(tokio::spawn(async move {
            let page = reader.next_page().await;
            (reader, page)
        })));
    }

    async fn next(&mut self) -> Result<Option<SourceBlock>, ConnectorError> {
        if let Some(reader) = self.idle.take() {
            self.read_ahead(reader);
        }
        let Some(mut reading) = self.reading.take() else { return Ok(None) };
        let (reader, page) = (&mut reading.0)
            .await
            .map_err(|source| ConnectorError::TaskLost { stream: self.stream, source })?;
        if matches!(page, Ok(Some(_))) {
            self.read_ahead(reader);
        }
        page
    }
}

impl Source for PageSource {
    fn stream(&self) -> Stream {
        self.stream
    }

    fn total_bytes(&self) -> Option<u64> {
        None
    }

    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, SourceError>> {
        async move {
            self.next().await.map_err(|error| {
                SourceError::caused_by(format!("{} could not be read on", self.stream), error)
            })
        }
        .boxed()
    }
}
