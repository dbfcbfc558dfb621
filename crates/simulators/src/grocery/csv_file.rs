//! Writes one CSV file, record by record, through a buffer of fixed size.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::GroceryError;

/// Large enough that writing to the file costs next to nothing.
const BUFFER_BYTES: usize = 1 << 18;

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Where it is.
    pub path: PathBuf,
    /// How many records it has, its header not counted.
    pub record_count: u64,
    /// How long it is.
    pub byte_count: u64,
}

/// A file being written.
#[derive(Debug)]
pub(super) struct CsvFile {
    path: PathBuf,
    writer: BufWriter<File>,
    line: Vec<u8>,
    record_count: u64,
    byte_count: u64,
}

impl CsvFile {
    /// Creates the file with its header.
    pub(super) fn create(path: &Path, columns: &[&str]) -> Result<Self, GroceryError> {
        let file = File::create(path)
            .map_err(|source| GroceryError::Write { path: path.to_owned(), source })?;
        let mut file = Self {
            path: path.to_owned(),
            writer: BufWriter::with_capacity(BUFFER_BYTES, file),
            line: Vec::with_capacity(512),
            record_count: 0,
            byte_count: 0,
        };
        for column in columns {
            file.text(column);
        }
        file.end_record()?;
        file.record_count = 0;
        Ok(file)
    }

    /// Returns how many records were ended.
    pub(super) const fn record_count(&self) -> u64 {
        self.record_count
    }

    /// Adds a field as it is: nothing in it may need quotes.
    pub(super) fn plain(&mut self, field: &[u8]) {
        self.separate();
        self.line.extend_from_slice(field);
    }

    /// Adds a field, quoted where it has to be.
    pub(super) fn text(&mut self, field: &str) {
        self.separate();
        if field.contains([',', '"', '\n', '\r']) {
            self.line.push(b'"');
            self.line.extend_from_slice(field.replace('"', "\"\"").as_bytes());
            self.line.push(b'"');
        } else {
            self.line.extend_from_slice(field.as_bytes());
        }
    }

    /// Adds a whole number.
    pub(super) fn whole(&mut self, number: i64) {
        self.separate();
        if number < 0 {
            self.line.push(b'-');
        }
        push_digits(&mut self.line, number.unsigned_abs());
    }

    /// Adds an amount of money: `1234` cents are `12.34`.
    pub(super) fn cents(&mut self, cents: i64) {
        self.separate();
        push_cents(&mut self.line, cents);
    }

    /// Adds a field made of pieces, without a separator between them.
    pub(super) fn with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.separate();
        write(&mut self.line);
    }

    /// Returns the record so far, as it will stand in the file.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Writes the record.
    pub(super) fn end_record(&mut self) -> Result<(), GroceryError> {
        self.line.push(b'\n');
        let written = self.writer.write_all(&self.line);
        self.byte_count += self.line.len() as u64;
        self.record_count += 1;
        self.line.clear();
        self.attribute(written)
    }

    /// Writes a whole record as it is.
    pub(super) fn raw_record(&mut self, line: &[u8]) -> Result<(), GroceryError> {
        self.line.extend_from_slice(line);
        self.end_record()
    }

    /// Hands everything to the system.
    pub(super) fn finish(mut self) -> Result<ExportedFile, GroceryError> {
        let flushed = self.writer.flush();
        self.attribute(flushed)?;
        let Self { path, record_count, byte_count, .. } = self;
        Ok(ExportedFile { path, record_count, byte_count })
    }

    fn separate(&mut self) {
        if !self.line.is_empty() {
            self.line.push(b',');
        }
    }

    fn attribute<T>(&self, outcome: io::Result<T>) -> Result<T, GroceryError> {
        outcome.map_err(|source| GroceryError::Write { path: self.path.clone(), source })
    }
}

/// Appends an amount of money: `-5` cents are `-0.05`.
fn push_cents(line: &mut Vec<u8>, cents: i64) {
    if cents < 0 {
        line.push(b'-');
    }
    let amount = cents.unsigned_abs();
    push_digits(line, amount / 100);
    line.push(b'.');
    push_two_digits(line, (amount % 100) as u32);
}

/// Appends a number in decimal.
pub(super) fn push_digits(line: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut first = digits.len();
    let mut rest = number;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    line.extend_from_slice(&digits[first..]);
}

/// Appends a number below 100 with its leading zero.
pub(super) fn push_two_digits(line: &mut Vec<u8>, number: u32) {
    line.push(b'0' + (number / 10) as u8);
    line.push(b'0' + (number % 10) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_exactly() {
        let written = |cents| {
            let mut line = Vec::new();
            push_cents(&mut line, cents);
            String::from_utf8(line).unwrap()
        };
        assert_eq!(written(0), "0.00");
        assert_eq!(written(5), "0.05");
        assert_eq!(written(-5), "-0.05");
        assert_eq!(written(123_456), "1234.56");
    }

    #[test]
    fn fields_are_quoted_only_where_they_must_be() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("records.csv");
        let mut file = CsvFile::create(&path, &["name", "count"]).unwrap();
        file.text("milk, whole");
        file.whole(-3);
        file.end_record().unwrap();
        file.text("5\" pizza");
        file.whole(0);
        file.end_record().unwrap();
        let exported = file.finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "name,count\n\"milk, whole\",-3\n\"5\"\" pizza\",0\n");
        assert_eq!((exported.record_count, exported.byte_count), (2, text.len() as u64));
    }
}
