//! What reading records from lines of text has in common, whatever stands in the lines.

use shelfops_ingest::source::SourceError;

use super::bytes::{Lines, RECORD_BYTES, TextInput};
use super::cursor::{FileCursor, Place};
use super::records::{Invalid, RecordBlock, raw_text};

/// A position among the records of a text file.
pub(crate) struct TextRecords {
    pub(crate) lines: Lines,
    input: TextInput,
    record: u64,
}

impl TextRecords {
    /// Starts at the position of `lines`, behind `record` records of `input`.
    pub(crate) const fn new(lines: Lines, input: TextInput, record: u64) -> Self {
        Self { lines, input, record }
    }

    /// Returns the number of the line at the position.
    pub(crate) const fn next_line(&self) -> u64 {
        self.lines.line() + 1
    }

    /// Moves behind a record of that many bytes and lines.
    pub(crate) fn accept(&mut self, bytes: usize, lines: u64) {
        self.lines.consume(bytes, lines);
        self.record += 1;
    }

    /// Adds a record whose bytes are no text in the file's encoding.
    pub(crate) fn push_invalid(&self, block: &mut RecordBlock, bytes: &[u8], valid_bytes: usize) {
        let Invalid { reason, raw } = Invalid::new(bytes, valid_bytes, self.input.encoding.name());
        block.push_malformed(Some(self.next_line()), &raw, reason);
    }

    /// Skips a line that is longer than any record; false when the text ends, cut off, in it.
    pub(crate) fn refuse_long_line(&mut self, block: &mut RecordBlock) -> bool {
        let line = self.next_line();
        let start = raw_text(self.lines.bytes(), 0);
        let Some(length) = self.lines.skip_line() else { return false };
        let reason = format!("its line is {length} bytes long; at most {RECORD_BYTES} are read");
        block.push_malformed(Some(line), &format!("{start}… ({length} bytes in all)"), reason);
        self.record += 1;
        true
    }

    /// Ends reading: well, or with what stopped it.
    ///
    /// # Errors
    /// Fails when the file could not be read to its end.
    pub(crate) fn end(&self) -> Result<(), SourceError> {
        let Some(failure) = self.lines.failure() else { return Ok(()) };
        let (path, bytes) = (self.input.path.display(), self.input.count.get());
        let (record, line) = (self.record, self.lines.line());
        let cause = std::io::Error::new(failure.kind(), failure.to_string());
        let what = if failure.kind() == std::io::ErrorKind::UnexpectedEof {
            "is truncated"
        } else {
            "is damaged or cannot be read on"
        };
        let total = self.input.total_bytes;
        Err(SourceError::caused_by(
            format!(
                "{path} {what} at about byte {bytes} of {total}, behind record {record} (line \
                 {line}): the records up to there are sound, the rest is missing. Get the file \
                 again and import it; what is loaded already is recognised"
            ),
            cause,
        ))
    }

    /// Returns where the next record stands.
    pub(crate) fn cursor(&self) -> FileCursor {
        let place = Place { byte: self.lines.byte(), line: self.lines.line() };
        FileCursor { record: self.record, at: self.input.is_seekable().then_some(place) }
    }

    /// Returns how many bytes of the file have been read.
    pub(crate) fn bytes_read(&self) -> u64 {
        if self.input.is_seekable() {
            self.lines.byte()
        } else {
            self.input.count.get().min(self.input.total_bytes)
        }
    }
}
