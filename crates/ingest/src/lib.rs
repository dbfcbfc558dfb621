//! What a retail record is, which rules it must pass, and how it travels from a source to a sink.
//!
//! This crate performs no I/O: no SQL, no HTTP, no vendor's word. Time and time zones come in as
//! arguments, so everything here is tested in memory.

pub mod batch;
pub mod cursor;
pub mod pipeline;
pub mod quarantine;
pub mod records;
pub mod rules;
pub mod sink;
pub mod source;
mod stream;
mod tenant;
pub mod values;

pub use stream::{Stream, UnknownStream};
pub use tenant::{CustomerId, SourceName, SourceNameError};
