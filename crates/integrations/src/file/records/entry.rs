//! A record on its way into a block.

use shelfops_ingest::source::Malformed;

use super::block::{Kind, RecordBlock, RecordView, Span, StoredRecord};
use super::raw_text;

/// A record that is being added; dropped unfinished, it leaves no trace.
pub(crate) struct Entry<'a> {
    block: &'a mut RecordBlock,
    line: Option<u64>,
    text_start: usize,
    first_span: usize,
    is_finished: bool,
}

impl<'a> Entry<'a> {
    /// Begins a record at the end of a block.
    pub(super) fn new(block: &'a mut RecordBlock, line: Option<u64>) -> Self {
        let (text_start, first_span) = (block.text.len(), block.spans.len());
        Self { block, line, text_start, first_span, is_finished: false }
    }

    /// Adds a column that the record does not have.
    pub(crate) fn absent(&mut self) {
        self.block.spans.push(Span::ABSENT);
    }

    /// Adds the value of the next column, written by `write`.
    pub(crate) fn value<R>(&mut self, write: impl FnOnce(&mut String) -> R) -> R {
        let start = self.block.text.len();
        let result = write(&mut self.block.text);
        self.block.spans.push(Span::new(start, self.block.text.len()));
        result
    }

    /// Adds the value of the next column, which stands in the record's text already.
    pub(crate) fn value_within(&mut self, start: usize, end: usize) {
        self.block.spans.push(Span::new(self.text_start + start, self.text_start + end));
    }

    /// Appends text that later values may stand in.
    pub(crate) fn push_text(&mut self, text: &str) {
        self.block.text.push_str(text);
    }

    /// Returns how much text was added, in bytes.
    pub(crate) const fn text_bytes(&self) -> usize {
        self.block.text.len() - self.text_start
    }

    /// Returns how many values were added.
    pub(crate) const fn values(&self) -> usize {
        self.block.spans.len() - self.first_span
    }

    /// Adds the record, whose values are its columns in order.
    pub(crate) fn finish_columns(self) {
        self.finish(Kind::Columns);
    }

    /// Adds the record, whose text begins with `length` bytes of JSON.
    pub(crate) fn finish_json(self, length: usize) {
        self.finish(Kind::Json(length));
    }

    /// Adds what was collected so far as no record: as text, one line a column.
    pub(crate) fn finish_refused(mut self, reason: String) {
        let columns = self.block.columns.clone();
        let view =
            RecordView { text: &self.block.text, spans: &self.block.spans[self.first_span..] };
        let told = (0..)
            .zip(columns.iter())
            .map(|(column, name)| format!("{name}: {}", view.value(column).unwrap_or("(nothing)")));
        let listed = told.collect::<Vec<_>>().join("\n");
        self.clear();
        self.finish_malformed(&raw_text(listed.as_bytes(), listed.len() as u64), reason);
    }

    /// Adds what stands where a record was expected.
    pub(super) fn finish_malformed(self, raw: &str, reason: String) {
        self.block.text.push_str(raw);
        self.block.malformed.push(Malformed { reason });
        self.finish(Kind::Malformed);
    }

    fn clear(&mut self) {
        self.block.text.truncate(self.text_start);
        self.block.spans.truncate(self.first_span);
    }

    fn finish(mut self, kind: Kind) {
        self.is_finished = true;
        self.block.records.push(StoredRecord {
            line: self.line,
            text_end: self.block.text.len(),
            first_span: self.first_span,
            kind,
        });
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.clear();
        }
    }
}
