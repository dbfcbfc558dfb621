//! A block of records in one piece of memory: text, and where each value stands in it.

use std::sync::Arc;

use serde_json::Value;
use shelfops_ingest::quarantine::Position;
use shelfops_ingest::source::{Malformed, RawRecords};

use super::{raw_text, storable};
use crate::file::json_lines::raw_object;

/// The most records a block has.
const MOST_RECORDS: usize = 4096;
/// How large a block grows, in bytes, before it ends with the record at hand.
const FULL_BYTES: usize = 1 << 20;

/// Some records, in the order of the file.
pub(crate) struct RecordBlock {
    columns: Arc<[String]>,
    most_records: usize,
    first_record: u64,
    text: String,
    spans: Vec<Span>,
    records: Vec<StoredRecord>,
    malformed: Vec<Malformed>,
}

/// Where a value stands in the text.
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    const ABSENT: Self = Self { start: u32::MAX, end: u32::MAX };

    /// Offsets fit: a block is full at 1 MiB, and a record has at most a little more than that.
    fn new(start: usize, end: usize) -> Self {
        Self {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        }
    }
}

struct StoredRecord {
    line: Option<u64>,
    text_end: usize,
    first_span: usize,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Its values are its columns, in order.
    Columns,
    /// Its text begins with the JSON it was read from, of that many bytes.
    Json(usize),
    /// Its text is what stood in its place.
    Malformed,
}

/// A record of a block.
#[derive(Clone, Copy)]
pub(crate) struct RecordView<'a> {
    text: &'a str,
    spans: &'a [Span],
}

impl<'a> RecordView<'a> {
    /// Returns the text of a column, if the record has it.
    pub(crate) fn value(self, column: u32) -> Option<&'a str> {
        let span = self.spans.get(column as usize)?;
        self.text.get(span.start as usize..span.end as usize)
    }
}

impl RecordBlock {
    /// Starts a block behind `first_record` records with those `columns`.
    pub(crate) fn new(columns: Arc<[String]>, first_record: u64) -> Self {
        Self {
            columns,
            most_records: MOST_RECORDS,
            first_record,
            text: String::new(),
            spans: Vec::new(),
            records: Vec::new(),
            malformed: Vec::new(),
        }
    }

    /// Limits the block to fewer records.
    pub(crate) fn with_most_records(mut self, most: u64) -> Self {
        self.most_records = usize::try_from(most).unwrap_or(usize::MAX).min(MOST_RECORDS);
        self
    }

    /// Returns how many records it holds.
    pub(crate) const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no further record should be added.
    pub(crate) const fn is_full(&self) -> bool {
        self.records.len() >= self.most_records || self.used_bytes() >= FULL_BYTES
    }

    /// Adds a record of values with `delimiter` between them.
    ///
    /// # Errors
    /// Adds nothing and returns the number of values when it is not `expected`.
    pub(crate) fn push_delimited(
        &mut self,
        line: u64,
        text: &str,
        delimiter: u8,
        expected: usize,
    ) -> Result<(), usize> {
        let entry = self.begin(Some(line));
        let base = entry.block.text.len();
        entry.block.text.push_str(text);
        let mut start = base;
        for end in memchr::memchr_iter(delimiter, text.as_bytes()) {
            entry.block.spans.push(Span::new(start, base + end));
            start = base + end + 1;
        }
        let end = entry.block.text.len();
        entry.block.spans.push(Span::new(start, end));
        match entry.values() {
            found if found == expected => {
                entry.finish(Kind::Columns);
                Ok(())
            }
            found => Err(found),
        }
    }

    /// Adds what stands where a record was expected.
    pub(crate) fn push_malformed(&mut self, line: Option<u64>, raw: &str, reason: String) {
        let entry = self.begin(line);
        entry.block.text.push_str(raw);
        entry.block.malformed.push(Malformed { reason });
        entry.finish(Kind::Malformed);
    }

    /// Begins a record; it is only added when the entry is finished.
    pub(crate) fn begin(&mut self, line: Option<u64>) -> Entry<'_> {
        let (text_start, first_span) = (self.text.len(), self.spans.len());
        Entry { block: self, line, text_start, first_span, is_finished: false }
    }

    /// Calls `each` for every record in order, with its view or with what is wrong with it.
    pub(crate) fn take_each(&mut self, mut each: impl FnMut(Result<RecordView<'_>, Malformed>)) {
        let mut malformed = std::mem::take(&mut self.malformed).into_iter();
        for index in 0..self.records.len() {
            match self.records[index].kind {
                Kind::Columns | Kind::Json(_) => each(Ok(self.view(index))),
                Kind::Malformed => {
                    let unknown = || Malformed { reason: "it is no record".to_owned() };
                    each(Err(malformed.next().unwrap_or_else(unknown)));
                }
            }
        }
    }

    fn view(&self, index: usize) -> RecordView<'_> {
        let end = self.records.get(index + 1).map_or(self.spans.len(), |next| next.first_span);
        RecordView { text: &self.text, spans: &self.spans[self.records[index].first_span..end] }
    }

    fn text_of(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.records[before].text_end);
        &self.text[start..self.records[index].text_end]
    }

    const fn used_bytes(&self) -> usize {
        self.text.len()
            + self.spans.len() * size_of::<Span>()
            + self.records.len() * size_of::<StoredRecord>()
    }
}

/// A record that is being added; dropped unfinished, it leaves no trace.
pub(crate) struct Entry<'a> {
    block: &'a mut RecordBlock,
    line: Option<u64>,
    text_start: usize,
    first_span: usize,
    is_finished: bool,
}

impl Entry<'_> {
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

    /// Adds what was collected as text that is no record, one line a column.
    pub(crate) fn finish_malformed(self, reason: String) {
        let columns = self.block.columns.clone();
        let view =
            RecordView { text: &self.block.text, spans: &self.block.spans[self.first_span..] };
        let told = (0..)
            .zip(columns.iter())
            .map(|(column, name)| format!("{name}: {}", view.value(column).unwrap_or("(nothing)")));
        let listed = told.collect::<Vec<_>>().join("\n");
        let raw = raw_text(listed.as_bytes(), listed.len() as u64);
        self.block.text.truncate(self.text_start);
        self.block.spans.truncate(self.first_span);
        self.block.text.push_str(&raw);
        self.block.malformed.push(Malformed { reason });
        self.finish(Kind::Malformed);
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
            self.block.text.truncate(self.text_start);
            self.block.spans.truncate(self.first_span);
        }
    }
}

impl RawRecords for RecordBlock {
    fn position(&self, index: usize) -> Position {
        Position {
            record: self.first_record + index as u64 + 1,
            line: self.records.get(index).and_then(|record| record.line),
        }
    }

    fn raw(&self, index: usize) -> Value {
        match self.records.get(index).map(|record| record.kind) {
            None => Value::Null,
            Some(Kind::Malformed) => storable::text(self.text_of(index)),
            Some(Kind::Json(length)) => raw_object(&self.text_of(index)[..length]),
            Some(Kind::Columns) => {
                let view = self.view(index);
                let values = (0..).map(|column| match view.value(column) {
                    Some(text) => Value::String(text.to_owned()),
                    None => Value::Null,
                });
                storable::object(self.columns.iter().cloned().zip(values))
            }
        }
    }

    fn memory_bytes(&self) -> usize {
        self.text.capacity()
            + self.spans.capacity() * size_of::<Span>()
            + self.records.capacity() * size_of::<StoredRecord>()
    }
}
