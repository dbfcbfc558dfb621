//! Decodes one column, a batch of values at a time.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;

use super::schema::Format;
use super::text::WriteText;
use crate::file::records::Entry;

/// A column of a row group, from its first value to its last.
pub(super) trait ReadColumn: Send {
    /// Decodes so many values and returns how many there were.
    fn read(&mut self, count: u64) -> Result<u64, ParquetError>;

    /// Skips so many values.
    fn skip(&mut self, count: u64) -> Result<(), ParquetError>;

    /// Adds the next of the decoded values to a record.
    ///
    /// # Errors
    /// Says what the value is if it is nothing that can be read; its bytes are added then.
    fn push_next(&mut self, entry: &mut Entry<'_>) -> Result<(), &'static str>;

    /// Leaves the next of the decoded values out.
    fn pass_next(&mut self);
}

/// Opens a column, whose values are there where they are defined `most_definitions` deep.
pub(super) fn open_column(
    reader: ColumnReader,
    format: Format,
    most_definitions: i16,
) -> Box<dyn ReadColumn> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => typed(reader, format, most_definitions),
        ColumnReader::Int32ColumnReader(reader) => typed(reader, format, most_definitions),
        ColumnReader::Int64ColumnReader(reader) => typed(reader, format, most_definitions),
        ColumnReader::Int96ColumnReader(reader) => typed(reader, format, most_definitions),
        ColumnReader::FloatColumnReader(reader) => typed(reader, format, most_definitions),
        ColumnReader::DoubleColumnReader(reader) => typed(reader, format, most_definitions),
        ColumnReader::ByteArrayColumnReader(reader) => typed(reader, format, most_definitions),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            typed(reader, format, most_definitions)
        }
    }
}

fn typed<T: DataType<T: WriteText>>(
    reader: ColumnReaderImpl<T>,
    format: Format,
    most_definitions: i16,
) -> Box<dyn ReadColumn> {
    Box::new(TypedColumn {
        reader,
        format,
        most_definitions,
        definitions: Vec::new(),
        values: Vec::new(),
        next: 0,
        next_there: 0,
    })
}

struct TypedColumn<T: DataType> {
    reader: ColumnReaderImpl<T>,
    format: Format,
    most_definitions: i16,
    /// How deep each value is defined; empty where all are there.
    definitions: Vec<i16>,
    /// The values that are there.
    values: Vec<T::T>,
    next: usize,
    next_there: usize,
}

impl<T: DataType> TypedColumn<T> {
    /// Moves behind the next value; returns it if it is there.
    fn next_value(&mut self) -> Option<&T::T> {
        let depth = self.definitions.get(self.next).copied().unwrap_or(self.most_definitions);
        self.next += 1;
        if depth != self.most_definitions {
            return None;
        }
        self.next_there += 1;
        self.values.get(self.next_there - 1)
    }
}

impl<T: DataType<T: WriteText>> ReadColumn for TypedColumn<T> {
    fn read(&mut self, count: u64) -> Result<u64, ParquetError> {
        self.definitions.clear();
        self.values.clear();
        (self.next, self.next_there) = (0, 0);
        let count = usize::try_from(count)?;
        let (records, _, _) =
            self.reader.read_records(count, Some(&mut self.definitions), None, &mut self.values)?;
        Ok(records as u64)
    }

    fn skip(&mut self, count: u64) -> Result<(), ParquetError> {
        let count = usize::try_from(count)?;
        let skipped = self.reader.skip_records(count)?;
        if skipped != count {
            let message = format!("a column ends after {skipped} of {count} values");
            return Err(ParquetError::General(message));
        }
        Ok(())
    }

    fn push_next(&mut self, entry: &mut Entry<'_>) -> Result<(), &'static str> {
        let format = self.format;
        match self.next_value() {
            None => {
                entry.absent();
                Ok(())
            }
            Some(value) => entry.value(|text| value.write_text(format, text)),
        }
    }

    fn pass_next(&mut self) {
        self.next_value();
    }
}
