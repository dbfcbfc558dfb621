//! From a file to lines of text: decompressed, recoded and buffered.

mod counted;
mod input;
mod lines;
mod transcode;

pub use input::Compression;
pub(crate) use input::{TextInput, head};
pub(crate) use lines::{LineEnd, Lines, RECORD_BYTES};
