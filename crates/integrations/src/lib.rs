//! Connectors: each reads one vendor or file format as a source of records.

pub mod connector;
pub mod file;
pub mod http;
pub mod oauth;
pub mod square;
