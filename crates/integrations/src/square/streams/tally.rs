//! Makes blocks of pages, and counts what went into them.

use serde::Serialize;
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::source::SourceBlock;

use crate::connector::{Excerpt, JsonPage};

/// What one source has read so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pages: u64,
    bytes: u64,
}

impl Tally {
    /// Returns the number of the page that is read next, from 1.
    pub(super) const fn page_number(&self) -> u64 {
        self.pages + 1
    }

    /// Makes a block of a page that came in a body of that many bytes.
    pub(super) fn block<E: Excerpt + 'static>(
        &mut self,
        mut page: JsonPage<E>,
        body_bytes: usize,
        resume: &impl Serialize,
    ) -> SourceBlock {
        self.pages += 1;
        self.bytes += body_bytes as u64;
        let withdrawn = page.take_withdrawn();
        let (drafts, raw) = page.finish();
        // Cursors are made of texts, times and numbers, which always make JSON.
        let cursor = Cursor::new(serde_json::to_value(resume).unwrap_or_default());
        SourceBlock { drafts, raw, withdrawn, cursor, bytes_read: self.bytes }
    }
}
