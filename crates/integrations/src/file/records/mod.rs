//! Records as a file tells them: text, taken apart into columns and packed into blocks.

mod block;
mod entry;
mod raw_text;
mod reader;
pub(crate) mod storable;

pub(crate) use block::RecordBlock;
pub(crate) use entry::Entry;
pub(crate) use raw_text::{Invalid, raw_text};
pub(crate) use reader::{BlockReader, ReadRecords};
