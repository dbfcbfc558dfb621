//! Opens a file: looks what it is, plans its columns, and stands where reading starts or resumes.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use shelfops_ingest::Stream;
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::source::SourceError;
use shelfops_ingest::values::Conventions;

use super::OpenError;
use super::bytes::{Compression, Lines, TextInput};
use super::csv::{CsvHeader, CsvRecords, read_header};
use super::cursor::FileCursor;
use super::json_lines::{JsonLineRecords, sample_columns};
use super::mapping::{ColumnPlan, Columns, Delimiter, Mapping, MappingError, TextEncoding};
use super::parquet::{ParquetRecords, settle_conventions};
use super::records::{BlockReader, ReadRecords};
use super::sniff::{Sniffed, sniff};
use super::text_records::TextRecords;

/// How to read a file.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Which column holds which field; the default guesses from the columns' names.
    pub mapping: Mapping,
    /// How values are written, where the mapping does not say.
    pub conventions: Conventions,
    /// Where to resume; the start when there is none.
    pub resume: Option<Cursor>,
}

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileFormat {
    /// Values with delimiters between them, under a header.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

/// What a file was found to be.
#[derive(Clone, Debug, Serialize)]
pub struct FileDescription {
    /// Its format.
    pub format: FileFormat,
    /// How it is compressed from outside.
    pub compression: Compression,
    /// The encoding of its text, where it is text.
    pub encoding: Option<TextEncoding>,
    /// What stands between its values, where something does.
    pub delimiter: Option<Delimiter>,
    /// Its columns; of JSON Lines those of the first records.
    pub columns: Vec<String>,
}

/// A file that is ready to be read.
pub(super) struct Opened {
    pub(super) total_bytes: u64,
    pub(super) description: FileDescription,
    /// The plan, over all columns of the file.
    pub(super) plan: ColumnPlan,
    /// What is probably wrong when required fields are not found.
    pub(super) advice: Option<String>,
    pub(super) reader: BlockReader,
}

/// What opening any format needs.
struct Request<'a> {
    path: &'a Path,
    stream: Stream,
    mapping: &'a Mapping,
    conventions: Conventions,
    resume: FileCursor,
}

/// Opens a file; fields without a column are no error yet.
///
/// # Errors
/// See [`OpenError`].
pub(super) fn open(
    path: &Path,
    stream: Stream,
    options: &ReadOptions,
) -> Result<Opened, OpenError> {
    let total_bytes = regular_file_bytes(path)?;
    let sniffed = sniff(path, options.mapping.encoding)?;
    let resume = match &options.resume {
        None => FileCursor::default(),
        Some(cursor) => FileCursor::read(cursor)
            .map_err(|_| OpenError::cursor(path, "its cursor was not made by reading a file"))?,
    };
    let request = Request {
        path,
        stream,
        mapping: &options.mapping,
        conventions: options.mapping.conventions(&options.conventions),
        resume,
    };
    match sniffed.format {
        FileFormat::Parquet => request.parquet(total_bytes),
        FileFormat::Csv => request.csv(sniffed, total_bytes),
        FileFormat::JsonLines => request.json_lines(sniffed, total_bytes),
    }
}

/// Returns the size of a regular file; nothing else is opened, since it may have no end.
pub(super) fn regular_file_bytes(path: &Path) -> Result<u64, OpenError> {
    let metadata = fs::metadata(path).map_err(|source| OpenError::unreadable(path, source))?;
    if metadata.is_dir() {
        return Err(OpenError::Directory { path: path.to_owned() });
    }
    if !metadata.is_file() {
        return Err(OpenError::NotAFile { path: path.to_owned() });
    }
    Ok(metadata.len())
}

impl Request<'_> {
    fn csv(self, sniffed: Sniffed, total_bytes: u64) -> Result<Opened, OpenError> {
        let input = self.input(sniffed, total_bytes);
        let mut lines = self.lines(&input)?;
        let CsvHeader { delimiter, columns, advice } =
            read_header(&mut lines, self.path, sniffed.encoding, self.mapping.delimiter)?;
        let plan = self.plan(columns)?;
        let names: Arc<[String]> = plan.columns().names().into();
        let (text, left) = self.resumed(input, lines)?;
        let records = CsvRecords::new(text, delimiter.byte(), names.len());
        let description =
            FileDescription { delimiter: Some(delimiter), ..describe(sniffed, plan.columns()) };
        let reader = self.reader(Box::new(records), names, plan.clone(), left)?;
        Ok(Opened { total_bytes, description, plan, advice, reader })
    }

    fn json_lines(self, sniffed: Sniffed, total_bytes: u64) -> Result<Opened, OpenError> {
        let input = self.input(sniffed, total_bytes);
        let mut lines = self.lines(&input)?;
        let plan = self.plan(sample_columns(&mut lines, self.path)?)?;
        let mut narrow = plan.clone();
        let used: Arc<[String]> = narrow.keep_used().into();
        let (text, left) = self.resumed(input, lines)?;
        let records = JsonLineRecords::new(text, &used);
        let description = describe(sniffed, plan.columns());
        let reader = self.reader(Box::new(records), used, narrow, left)?;
        Ok(Opened { total_bytes, description, plan, advice: None, reader })
    }

    fn parquet(mut self, total_bytes: u64) -> Result<Opened, OpenError> {
        let mut records = ParquetRecords::open(self.path, total_bytes)?;
        let schema = records.schema();
        let plan = self.plan(schema.mapped_columns())?;
        settle_conventions(&plan, &schema, &mut self.conventions)
            .map_err(|reason| OpenError::damaged(self.path, reason))?;
        let is_there = records.skip(self.resume.record).map_err(|error| self.failed(error))?;
        if !is_there {
            return Err(self.too_short());
        }
        let names: Arc<[String]> = plan.columns().names()[..schema.names().len()].into();
        let description = FileDescription {
            format: FileFormat::Parquet,
            compression: Compression::None,
            encoding: None,
            delimiter: None,
            columns: plan.columns().names().to_vec(),
        };
        let reader = self.reader(Box::new(records), names, plan.clone(), 0)?;
        Ok(Opened { total_bytes, description, plan, advice: None, reader })
    }

    fn input(&self, sniffed: Sniffed, total_bytes: u64) -> TextInput {
        TextInput {
            path: self.path.to_owned(),
            compression: sniffed.compression,
            encoding: sniffed.encoding,
            total_bytes,
            count: Default::default(),
        }
    }

    fn lines(&self, input: &TextInput) -> Result<Lines, OpenError> {
        input.lines().map_err(|source| OpenError::unreadable(self.path, source))
    }

    fn plan(&self, columns: Columns) -> Result<ColumnPlan, OpenError> {
        ColumnPlan::resolve(self.mapping, self.stream, columns, &self.conventions)
            .map_err(|source: MappingError| OpenError::mapping(self.path, source))
    }

    /// Stands where reading resumes, or at the start with so many records left to skip.
    fn resumed(&self, input: TextInput, lines: Lines) -> Result<(TextRecords, u64), OpenError> {
        let Some(place) = self.resume.at.filter(|_| input.is_seekable()) else {
            return Ok((TextRecords::new(lines, input, 0), self.resume.record));
        };
        let found = input
            .lines_at(place, lines.terminator())
            .map_err(|source| OpenError::unreadable(self.path, source))?;
        let lines = found.ok_or_else(|| {
            let byte = place.byte;
            OpenError::cursor(self.path, format!("no record begins behind byte {byte} any more"))
        })?;
        Ok((TextRecords::new(lines, input, self.resume.record), 0))
    }

    fn reader(
        self,
        records: Box<dyn ReadRecords>,
        names: Arc<[String]>,
        plan: ColumnPlan,
        left: u64,
    ) -> Result<BlockReader, OpenError> {
        let conventions = self.conventions.clone();
        let mut reader = BlockReader::new(records, names, plan, conventions);
        let skipped = reader.skip(left).map_err(|error| self.failed(error))?;
        if skipped < left {
            return Err(self.too_short());
        }
        Ok(reader)
    }

    fn failed(&self, error: SourceError) -> OpenError {
        OpenError::Damaged {
            path: self.path.to_owned(),
            reason: "it is damaged before the record to resume at: get it again".to_owned(),
            source: Some(error.into()),
        }
    }

    fn too_short(&self) -> OpenError {
        let record = self.resume.record;
        OpenError::cursor(self.path, format!("it has fewer than {record} records now"))
    }
}

fn describe(sniffed: Sniffed, columns: &Columns) -> FileDescription {
    FileDescription {
        format: sniffed.format,
        compression: sniffed.compression,
        encoding: Some(sniffed.encoding),
        delimiter: None,
        columns: columns.names().to_vec(),
    }
}
