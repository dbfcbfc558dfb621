//! The columns of a Parquet file, and how the values of each become text.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::ColumnDescriptor;

use crate::file::mapping::{Columns, Completeness};

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct ParquetSchema {
    columns: Vec<ParquetColumn>,
    names: Vec<String>,
    unusable: Vec<(String, &'static str)>,
}

/// A column whose values can be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ParquetColumn {
    /// Its number among all columns of the file.
    pub(super) leaf: usize,
    pub(super) format: Format,
    /// How deep a value is defined that is there.
    pub(super) most_definitions: i16,
}

/// How a value becomes text, where its physical type leaves it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// As its physical type says.
    Plain,
    /// A number without sign.
    Unsigned,
    /// Days since 1970-01-01.
    Date,
    /// Units since midnight.
    TimeOfDay(Unit),
    /// Units since 1970-01-01T00:00:00, by UTC or by a clock that the file does not name.
    Timestamp { unit: Unit, is_utc: bool },
    /// A whole number to be divided by a power of ten.
    Decimal { scale: u32 },
    /// Text in UTF-8.
    Text,
    /// Bytes; text where they are UTF-8.
    Bytes,
    /// Sixteen bytes.
    Uuid,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// More digits than any decimal of retail data has.
const MOST_SCALE: i32 = 60;

impl ParquetSchema {
    /// Reads the schema of a file.
    ///
    /// # Errors
    /// Fails when no column of it can be read.
    pub(super) fn read(metadata: &ParquetMetaData) -> Result<Self, ParquetError> {
        let schema = metadata.file_metadata().schema_descr();
        let mut read = Self { columns: Vec::new(), names: Vec::new(), unusable: Vec::new() };
        for (leaf, description) in schema.columns().iter().enumerate() {
            let name = description.path().parts().join(".");
            match format_of(description) {
                Ok(format) => {
                    let most_definitions = description.max_def_level();
                    read.columns.push(ParquetColumn { leaf, format, most_definitions });
                    read.names.push(name);
                }
                Err(what) => read.unusable.push((name, what)),
            }
        }
        if read.columns.is_empty() {
            return Err(ParquetError::General("it has no column of single values".into()));
        }
        Ok(read)
    }

    /// Returns the names of the columns that can be read, in the file's order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns all columns, those marked that cannot be read: they come last.
    pub(crate) fn mapped_columns(&self) -> Columns {
        let unusable = self.unusable.iter().map(|(name, _)| name);
        let mut columns = Columns::new(self.names.iter().chain(unusable), Completeness::Whole);
        for (column, (_, what)) in (self.names.len()..).zip(&self.unusable) {
            columns.mark_unusable(u32::try_from(column).unwrap_or(u32::MAX), (*what).to_owned());
        }
        columns
    }

    pub(super) fn columns(&self) -> &[ParquetColumn] {
        &self.columns
    }

    /// Whether a column's values are times already, however text would write them.
    pub(super) fn is_time(&self, column: u32) -> bool {
        self.columns
            .get(column as usize)
            .is_some_and(|column| matches!(column.format, Format::Date | Format::Timestamp { .. }))
    }

    /// Whether a column's values are text, so that the mapping says how to read them.
    pub(super) fn is_text(&self, column: u32) -> bool {
        self.columns
            .get(column as usize)
            .is_some_and(|column| matches!(column.format, Format::Text | Format::Bytes))
    }
}

fn format_of(description: &ColumnDescriptor) -> Result<Format, &'static str> {
    if description.max_rep_level() > 0 {
        return Err("a list");
    }
    if description.physical_type() == Type::INT96 {
        // Writers of this old type disagree on whether it means UTC, and say nothing: like text
        // without an offset, it is read by the clock that the mapping names.
        return Ok(Format::Timestamp { unit: Unit::Nanoseconds, is_utc: false });
    }
    match description.logical_type_ref() {
        Some(logical) => logical_format(logical),
        None => converted_format(description),
    }
}

fn logical_format(logical: &LogicalType) -> Result<Format, &'static str> {
    Ok(match logical {
        LogicalType::String | LogicalType::Enum | LogicalType::Json => Format::Text,
        LogicalType::Decimal(decimal) => decimal_format(decimal.scale)?,
        LogicalType::Date => Format::Date,
        LogicalType::Time(time) => Format::TimeOfDay(unit_of(&time.unit)),
        LogicalType::Timestamp(time) => {
            Format::Timestamp { unit: unit_of(&time.unit), is_utc: time.is_adjusted_to_u_t_c }
        }
        LogicalType::Integer(integer) if !integer.is_signed => Format::Unsigned,
        LogicalType::Integer(_) | LogicalType::Unknown => Format::Plain,
        LogicalType::Uuid => Format::Uuid,
        LogicalType::Float16 => return Err("numbers of 16 bits"),
        LogicalType::Map | LogicalType::List => return Err("a list"),
        _ => return Err("values of a type that is not read"),
    })
}

fn converted_format(description: &ColumnDescriptor) -> Result<Format, &'static str> {
    let timestamp = |unit| Format::Timestamp { unit, is_utc: true };
    Ok(match description.converted_type() {
        ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Format::Text,
        ConvertedType::DECIMAL => decimal_format(description.type_scale())?,
        ConvertedType::DATE => Format::Date,
        ConvertedType::TIME_MILLIS => Format::TimeOfDay(Unit::Milliseconds),
        ConvertedType::TIME_MICROS => Format::TimeOfDay(Unit::Microseconds),
        ConvertedType::TIMESTAMP_MILLIS => timestamp(Unit::Milliseconds),
        ConvertedType::TIMESTAMP_MICROS => timestamp(Unit::Microseconds),
        ConvertedType::UINT_8
        | ConvertedType::UINT_16
        | ConvertedType::UINT_32
        | ConvertedType::UINT_64 => Format::Unsigned,
        ConvertedType::INTERVAL => return Err("intervals"),
        ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE | ConvertedType::LIST => {
            return Err("a list");
        }
        _ => match description.physical_type() {
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => Format::Bytes,
            _ => Format::Plain,
        },
    })
}

fn decimal_format(scale: i32) -> Result<Format, &'static str> {
    let scale = (0..=MOST_SCALE).contains(&scale).then_some(scale);
    let scale = scale.and_then(|scale| u32::try_from(scale).ok());
    scale.map(|scale| Format::Decimal { scale }).ok_or("decimals of an unusual scale")
}

const fn unit_of(unit: &TimeUnit) -> Unit {
    match unit {
        TimeUnit::MILLIS => Unit::Milliseconds,
        TimeUnit::MICROS => Unit::Microseconds,
        TimeUnit::NANOS => Unit::Nanoseconds,
    }
}
