//! A block of records in one piece of memory: text, and where each value stands in it.

use std::sync::Arc;

use serde_json::Value;
use shelfops_ingest::quarantine::Position;
use shelfops_ingest::source::{Malformed, RawRecords};

use super::entry::Entry;
use super::storable;
use crate::file::json_lines::raw_object;

/// The most records a block has.
const MOST_RECORDS: usize = 4096;
/// How large a block grows, in bytes, before it ends with the record at hand.
const FULL_BYTES: usize = 1 << 20;

/// Some records, in the order of the file.
pub(crate) struct RecordBlock {
    pub(super) columns: Arc<[String]>,
    most_records: usize,
    first_record: u64,
    pub(super) text: String,
    pub(super) spans: Vec<Span>,
    pub(super) records: Vec<StoredRecord>,
    pub(super) malformed: Vec<Malformed>,
}

/// Where a value stands in the text.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) const ABSENT: Self = Self { start: u32::MAX, end: u32::MAX };

    /// Offsets fit: a block is full at 1 MiB, and a record has at most a little more than that.
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        }
    }
}

pub(super) struct StoredRecord {
    pub(super) line: Option<u64>,
    pub(super) text_end: usize,
    pub(super) first_span: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
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
    pub(super) text: &'a str,
    pub(super) spans: &'a [Span],
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
        let mut entry = self.begin(Some(line));
        entry.push_text(text);
        let mut start = 0;
        for end in memchr::memchr_iter(delimiter, text.as_bytes()) {
            entry.value_within(start, end);
            start = end + 1;
        }
        entry.value_within(start, text.len());
        match entry.values() {
            found if found == expected => {
                entry.finish_columns();
                Ok(())
            }
            found => Err(found),
        }
    }

    /// Adds what stands where a record was expected.
    pub(crate) fn push_malformed(&mut self, line: Option<u64>, raw: &str, reason: String) {
        self.begin(line).finish_malformed(raw, reason);
    }

    /// Begins a record; it is only added when the entry is finished.
    pub(crate) fn begin(&mut self, line: Option<u64>) -> Entry<'_> {
        Entry::new(self, line)
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
