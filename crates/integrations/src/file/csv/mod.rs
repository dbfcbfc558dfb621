//! CSV, read line by line, so that one broken record never swallows the records behind it.

mod header;
mod quoted;

use shelfops_ingest::source::SourceError;

pub(crate) use header::{CsvHeader, read_header};

use super::bytes::LineEnd;
use super::cursor::FileCursor;
use super::records::{ReadRecords, RecordBlock, raw_text};
use super::text_records::TextRecords;
use quoted::{QuotedRecord, Step};

/// Reads the records behind the header.
pub(crate) struct CsvRecords {
    text: TextRecords,
    delimiter: u8,
    columns: usize,
    quoted: QuotedRecord,
}

/// Why a record that opens a quote is none.
enum Broken {
    /// Text follows the closing quote of a field, in the line with that number of the record.
    StrayText { lines: u64 },
    /// The quote is not closed within the bytes and fields that a record may have.
    Unclosed,
    /// It has another number of fields than the header.
    FieldCount { found: usize, lines: u64 },
    /// The text ends, cut off, before the quote is closed.
    CutOff,
}

impl CsvRecords {
    /// Reads records of so many `columns` from `text`, which stands behind the header.
    pub(crate) fn new(text: TextRecords, delimiter: u8, columns: usize) -> Self {
        Self { text, delimiter, columns, quoted: QuotedRecord::default() }
    }

    /// Adds the next record; false when there is none.
    fn read_one(&mut self, block: &mut RecordBlock) -> bool {
        loop {
            let (end, next) = match self.text.lines.line_end(0) {
                LineEnd::At { text, next } => (text, next),
                LineEnd::TooLong => return self.text.refuse_long_line(block),
                LineEnd::None => return false,
            };
            let line = &self.text.lines.bytes()[..end];
            if line.iter().all(|byte| *byte == b' ') {
                self.text.lines.consume(next, 1);
                continue;
            }
            if memchr::memchr(b'"', line).is_some() {
                return self.read_quoted(block, end);
            }
            self.read_plain(block, end);
            self.text.accept(next, 1);
            return true;
        }
    }

    /// Adds the line of `end` bytes, which holds no quote.
    fn read_plain(&self, block: &mut RecordBlock, end: usize) {
        let (bytes, line) = (&self.text.lines.bytes()[..end], self.text.next_line());
        match str::from_utf8(bytes) {
            Ok(text) => {
                let pushed = block.push_delimited(line, text, self.delimiter, self.columns);
                if let Err(found) = pushed {
                    let reason = self.wrong_field_count(found);
                    block.push_malformed(Some(line), &raw_text(bytes, end as u64), reason);
                }
            }
            Err(error) => self.text.push_invalid(block, bytes, error.valid_up_to()),
        }
    }

    /// Adds the record that starts at the line of `first_end` bytes, which holds a quote.
    fn read_quoted(&mut self, block: &mut RecordBlock, first_end: usize) -> bool {
        let line = self.text.next_line();
        let broken = match self.assemble() {
            Ok((length, lines)) => {
                let bytes = &self.text.lines.bytes()[..length];
                match self.quoted.push_to(block, line) {
                    Ok(()) => {}
                    Err(valid_bytes) => self.text.push_invalid(block, bytes, valid_bytes),
                }
                self.text.accept(length, lines);
                return true;
            }
            Err(broken) => broken,
        };
        let reason = match broken {
            Broken::CutOff => return false,
            Broken::StrayText { lines: 1 } => {
                "text follows a closing quote: a quote inside a quoted field must be doubled".into()
            }
            Broken::FieldCount { found, lines: 1 } => self.wrong_field_count(found),
            Broken::StrayText { .. } | Broken::FieldCount { .. } | Broken::Unclosed => format!(
                "a quote opened in line {line} is never closed, or not where a record could end; \
                 reading went on with the next line"
            ),
        };
        let raw = raw_text(&self.text.lines.bytes()[..first_end], first_end as u64);
        block.push_malformed(Some(line), &raw, reason);
        let LineEnd::At { next, .. } = self.text.lines.line_end(0) else { return false };
        self.text.accept(next, 1);
        true
    }

    /// Takes the record at the position apart; returns its length in bytes and lines.
    fn assemble(&mut self) -> Result<(usize, u64), Broken> {
        self.quoted.clear();
        let (mut from, mut lines) = (0, 0);
        loop {
            let (end, next) = match self.text.lines.line_end(from) {
                LineEnd::At { text, next } => (text, next),
                LineEnd::TooLong => return Err(Broken::Unclosed),
                LineEnd::None if self.text.lines.failure().is_some() => return Err(Broken::CutOff),
                LineEnd::None => return Err(Broken::Unclosed),
            };
            lines += 1;
            let (text, ending) = self.text.lines.bytes()[from..next].split_at(end - from);
            match self.quoted.feed(text, ending, self.delimiter) {
                // Too many fields already: reading on would only repeat the same lines for each
                // line of a file in which quotes are out of step.
                Step::Open if self.quoted.fields() >= self.columns => {
                    return Err(Broken::Unclosed);
                }
                Step::Open => from = next,
                Step::StrayText => return Err(Broken::StrayText { lines }),
                Step::Done => {
                    let found = self.quoted.fields();
                    let fits = found == self.columns;
                    return if fits {
                        Ok((next, lines))
                    } else {
                        Err(Broken::FieldCount { found, lines })
                    };
                }
            }
        }
    }

    fn wrong_field_count(&self, found: usize) -> String {
        format!("it has {found} fields, the header has {}", self.columns)
    }
}

impl ReadRecords for CsvRecords {
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
