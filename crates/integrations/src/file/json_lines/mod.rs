//! JSON Lines: one object a line; nested objects are columns with dots in their names.

mod flatten;
mod raw;
mod sample;

use rustc_hash::FxHashMap;
use shelfops_ingest::source::SourceError;

pub(crate) use raw::{flat_fields, raw_object};
pub(crate) use sample::sample_columns;

use super::bytes::LineEnd;
use super::cursor::FileCursor;
use super::records::{ReadRecords, RecordBlock, raw_text};
use super::text_records::TextRecords;
use flatten::{Told, flatten};

/// Reads the records of a file.
pub(crate) struct JsonLineRecords {
    text: TextRecords,
    columns: FxHashMap<String, usize>,
    values: Values,
}

/// The values of the record at hand, by column; kept to be used again for the next.
#[derive(Default)]
struct Values {
    spans: Vec<Option<(usize, usize)>>,
    is_seen: Vec<bool>,
    /// Text that stands in the line with escapes, or not as it is read.
    decoded: String,
    /// The fields that no column is, each with the number of the record that said it last.
    others: FxHashMap<String, u64>,
    number: u64,
}

/// How many names of other fields are remembered before starting over.
const MOST_OTHERS: usize = 1 << 16;

impl JsonLineRecords {
    /// Reads records from `text`, of which only the named columns matter.
    pub(crate) fn new(text: TextRecords, columns: &[String]) -> Self {
        let columns = columns.iter().cloned().zip(0..).collect();
        Self { text, columns, values: Values::default() }
    }

    /// Adds the next record; false when there is none.
    fn read_one(&mut self, block: &mut RecordBlock) -> bool {
        loop {
            let (end, next) = match self.text.lines.line_end(0) {
                LineEnd::At { text, next } => (text, next),
                LineEnd::TooLong => return self.text.refuse_long_line(block),
                LineEnd::None => return false,
            };
            let bytes = &self.text.lines.bytes()[..end];
            if bytes.trim_ascii().is_empty() {
                self.text.lines.consume(next, 1);
                continue;
            }
            match str::from_utf8(bytes) {
                Err(error) => self.text.push_invalid(block, bytes, error.valid_up_to()),
                Ok(json) => {
                    let line = self.text.next_line();
                    match self.values.read(json, &self.columns) {
                        Ok(()) => self.values.push_to(block, line, json),
                        Err(reason) => {
                            block.push_malformed(Some(line), &raw_text(bytes, end as u64), reason);
                        }
                    }
                }
            }
            self.text.accept(next, 1);
            return true;
        }
    }
}

impl Values {
    /// Takes a line apart.
    ///
    /// # Errors
    /// Says why it is no record.
    fn read(&mut self, json: &str, columns: &FxHashMap<String, usize>) -> Result<(), String> {
        self.spans.clear();
        self.spans.resize(columns.len(), None);
        self.is_seen.clear();
        self.is_seen.resize(columns.len(), false);
        self.decoded.clear();
        self.number += 1;
        if self.others.len() > MOST_OTHERS {
            self.others.clear();
        }
        flatten(json, |name, told| {
            let name = name.trim();
            let Some(column) = columns.get(name).copied() else {
                let last = match self.others.get_mut(name) {
                    Some(last) => std::mem::replace(last, self.number),
                    None => {
                        self.others.insert(name.to_owned(), self.number);
                        0
                    }
                };
                return if last < self.number { Ok(()) } else { Err(repeated(name)) };
            };
            if std::mem::replace(&mut self.is_seen[column], true) {
                return Err(repeated(name));
            }
            self.spans[column] = match told {
                Told::Null => None,
                Told::Within { start, end } => Some((start, end)),
                Told::Decoded(text) => {
                    // Decoded text will stand behind the line in the block.
                    let start = json.len() + self.decoded.len();
                    self.decoded.push_str(&text);
                    Some((start, start + text.len()))
                }
            };
            Ok(())
        })
    }

    fn push_to(&self, block: &mut RecordBlock, line: u64, json: &str) {
        let mut entry = block.begin(Some(line));
        entry.push_text(json);
        entry.push_text(&self.decoded);
        for span in &self.spans {
            match span {
                Some((start, end)) => entry.value_within(*start, *end),
                None => entry.absent(),
            }
        }
        entry.finish_json(json.len());
    }
}

fn repeated(name: &str) -> String {
    format!("it says '{}' twice", name.escape_debug())
}

impl ReadRecords for JsonLineRecords {
    fn read(&mut self, block: &mut RecordBlock) -> Result<(), SourceError> {
        while !block.is_full() {
            if !self.read_one(block) {
                return self.text.end();
            }
        }
        Ok(())
    }

    fn cursor(&self) -> FileCursor {
        self.text.cursor()
    }

    fn bytes_read(&self) -> u64 {
        self.text.bytes_read()
    }
}
