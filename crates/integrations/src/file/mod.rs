//! Files as a source: CSV, JSON Lines and Parquet, the first two also compressed.
//!
//! A file is opened by what is in it, its columns are planned by a [`Mapping`], and its records
//! come out in blocks of a bounded size. What is wrong with one record is said of that record; the
//! next is read all the same.

mod bytes;
mod csv;
mod cursor;
mod error;
mod fingerprint;
mod inspect;
mod json_lines;
mod mapping;
mod open;
mod parquet;
mod records;
mod sniff;
mod source;
mod text_records;
mod time_hint;

pub use bytes::Compression;
pub use error::OpenError;
pub use fingerprint::FileFingerprint;
pub use inspect::{InspectedRecord, Inspection};
pub use mapping::{
    ClockSetting, Delimiter, Explanation, FieldExplanation, Mapping, MappingError, MissingFields,
    NegativeQuantity, Origin, RawMapper, TextEncoding, draft_from_raw,
};
pub use open::{FileDescription, FileFormat, ReadOptions};
pub use source::FileSource;
pub use time_hint::{TimeFormatHint, suggest_time_format};
