//! The file source.

mod bad_files;
mod builtin_mappings;
mod compressed;
mod csv;
mod encodings;
mod hostile;
mod inspect;
mod json_lines;
mod parquet_files;
mod parquet_types;
mod replay;
mod resume;
pub(crate) mod support;
