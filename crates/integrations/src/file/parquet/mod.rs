//! Parquet, read column by column, one batch of records at a time, every value turned to text.
//!
//! Text, because mapping and rules work on text for every format: a decimal keeps its digits, a
//! timestamp its instant, and quarantine shows what the file said.

mod column;
mod conventions;
mod guard;
mod pages;
mod schema;
mod text;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::column::reader::get_column_reader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use shelfops_ingest::source::SourceError;

pub(crate) use conventions::settle_conventions;
pub(crate) use schema::ParquetSchema;

use super::OpenError;
use super::bytes::RECORD_BYTES;
use super::cursor::FileCursor;
use super::records::{ReadRecords, RecordBlock};
use column::{ReadColumn, open_column};
use guard::guarded;
use pages::PlausiblePages;

/// The most records that are decoded at a time.
const BATCH_RECORDS: u64 = 4096;
/// About how many bytes are decoded at a time, however large a record is.
const BATCH_BYTES: u64 = 8 << 20;

/// Reads the records of a file.
pub(crate) struct ParquetRecords {
    path: PathBuf,
    total_bytes: u64,
    file: SerializedFileReader<File>,
    schema: Arc<ParquetSchema>,
    columns: Vec<Box<dyn ReadColumn>>,
    next_group: usize,
    left_in_group: u64,
    batch_records: u64,
    decoded: u64,
    record: u64,
    total_records: u64,
}

impl ParquetRecords {
    /// Opens a file and reads its schema.
    ///
    /// # Errors
    /// Fails when the file is cut off or damaged, or when no column of it can be read.
    pub(crate) fn open(path: &Path, total_bytes: u64) -> Result<Self, OpenError> {
        let unreadable = |source| OpenError::unreadable(path, source);
        let file = File::open(path).map_err(unreadable)?;
        let opened = guarded(|| {
            let file = SerializedFileReader::new(file)?;
            let schema = ParquetSchema::read(file.metadata())?;
            let total_records = checked_record_count(file.metadata())?;
            Ok((file, schema, total_records))
        });
        let (file, schema, total_records) = opened.map_err(|source| OpenError::Damaged {
            path: path.to_owned(),
            reason: format!(
                "its end, where a Parquet file says what it holds, is missing or damaged, as when \
                 only the first {total_bytes} bytes of it arrived: get it again"
            ),
            source: Some(source.into()),
        })?;
        Ok(Self {
            path: path.to_owned(),
            total_bytes,
            file,
            schema: Arc::new(schema),
            columns: Vec::new(),
            next_group: 0,
            left_in_group: 0,
            batch_records: BATCH_RECORDS,
            decoded: 0,
            record: 0,
            total_records,
        })
    }

    /// Returns the columns of the file.
    pub(crate) fn schema(&self) -> Arc<ParquetSchema> {
        self.schema.clone()
    }

    /// Skips the first records without decoding more than it must; false when there are fewer.
    ///
    /// # Errors
    /// Fails when the file is damaged before that record.
    pub(crate) fn skip(&mut self, records: u64) -> Result<bool, SourceError> {
        if records > self.total_records {
            return Ok(false);
        }
        self.record = records;
        let mut left = records;
        while let Some(in_group) = self.records_of_group(self.next_group) {
            if left < in_group {
                break;
            }
            left -= in_group;
            self.next_group += 1;
        }
        if left > 0 {
            self.decode(|this| {
                this.open_group()?;
                for column in &mut this.columns {
                    column.skip(left)?;
                }
                this.left_in_group -= left;
                Ok(())
            })?;
        }
        Ok(true)
    }

    fn records_of_group(&self, group: usize) -> Option<u64> {
        let metadata = self.file.metadata();
        let is_there = group < metadata.num_row_groups();
        is_there.then(|| u64::try_from(metadata.row_group(group).num_rows()).unwrap_or(0))
    }

    /// Decodes the next records; false at the end.
    fn decode_batch(&mut self) -> Result<bool, ParquetError> {
        while self.left_in_group == 0 {
            if self.next_group == self.file.metadata().num_row_groups() {
                return Ok(false);
            }
            self.open_group()?;
        }
        let wanted = self.left_in_group.min(self.batch_records);
        for (column, name) in self.columns.iter_mut().zip(self.schema.names()) {
            let found = column.read(wanted)?;
            if found != wanted {
                return Err(ParquetError::General(format!(
                    "the column '{name}' ends after {found} of {wanted} values"
                )));
            }
        }
        self.decoded = wanted;
        self.left_in_group -= wanted;
        Ok(true)
    }

    fn open_group(&mut self) -> Result<(), ParquetError> {
        let metadata = self.file.metadata().row_group(self.next_group);
        let group = self.file.get_row_group(self.next_group)?;
        let records = u64::try_from(metadata.num_rows()).unwrap_or(0);
        self.columns.clear();
        for column in self.schema.columns() {
            let description = metadata.column(column.leaf).column_descr_ptr();
            let pages = group.get_column_page_reader(column.leaf)?;
            let pages = PlausiblePages::new(pages, records);
            let reader = get_column_reader(description, Box::new(pages));
            self.columns.push(open_column(reader, column.format, column.most_definitions));
        }
        let bytes = u64::try_from(metadata.total_byte_size()).unwrap_or(0);
        let most = BATCH_BYTES.saturating_mul(records) / bytes.max(1);
        self.batch_records = most.clamp(1, BATCH_RECORDS);
        self.next_group += 1;
        self.left_in_group = records;
        Ok(())
    }

    fn decode<R>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<R, ParquetError>,
    ) -> Result<R, SourceError> {
        guarded(|| work(self)).map_err(|cause| {
            let (path, record, total) = (self.path.display(), self.record, self.total_records);
            SourceError::caused_by(
                format!(
                    "{path} is damaged behind record {record} of {total}: the records up to there \
                     are sound, the rest cannot be read. Get the file again and import it; what \
                     is loaded already is recognised"
                ),
                cause,
            )
        })
    }

    fn push_one(&mut self, block: &mut RecordBlock) {
        let mut entry = block.begin(None);
        let mut refused = None;
        for (column, name) in self.columns.iter_mut().zip(self.schema.names()) {
            if entry.text_bytes() > RECORD_BYTES {
                column.pass_next();
            } else if let Err(what) = column.push_next(&mut entry) {
                refused.get_or_insert_with(|| format!("the column '{name}' holds {what}"));
            }
        }
        if entry.text_bytes() > RECORD_BYTES {
            refused.get_or_insert_with(|| format!("it has more than {RECORD_BYTES} bytes"));
        }
        match refused {
            None => entry.finish_columns(),
            Some(reason) => entry.finish_refused(reason),
        }
        self.decoded -= 1;
        self.record += 1;
    }
}

impl ReadRecords for ParquetRecords {
    fn read(&mut self, block: &mut RecordBlock) -> Result<(), SourceError> {
        while !block.is_full() {
            if self.decoded == 0 && !self.decode(Self::decode_batch)? {
                break;
            }
            self.push_one(block);
        }
        Ok(())
    }

    fn cursor(&self) -> FileCursor {
        FileCursor { record: self.record, at: None }
    }

    fn bytes_read(&self) -> u64 {
        if self.record == self.total_records {
            return self.total_bytes;
        }
        // Where in the file a record ends is not known; its share of all records is close.
        let share = u128::from(self.total_bytes) * u128::from(self.record)
            / u128::from(self.total_records.max(1));
        u64::try_from(share).unwrap_or(self.total_bytes)
    }
}

/// Returns how many records there are, where the parts agree with the whole.
fn checked_record_count(metadata: &ParquetMetaData) -> Result<u64, ParquetError> {
    let mut total = 0_i64;
    for group in metadata.row_groups() {
        let records = group.num_rows();
        let sum = (records >= 0).then(|| total.checked_add(records)).flatten();
        total = sum.ok_or_else(|| ParquetError::General("impossible record count".into()))?;
    }
    let told = metadata.file_metadata().num_rows();
    if told != total {
        let message = format!("{told} records are announced, its parts hold {total}");
        return Err(ParquetError::General(message));
    }
    u64::try_from(total).map_err(|error| ParquetError::General(error.to_string()))
}
