//! What can stop exports from being written.

use std::io;
use std::path::PathBuf;

/// Why exports were not written.
#[derive(Debug, thiserror::Error)]
pub enum GroceryError {
    /// The configuration asks for something that cannot be; change it.
    #[error("{field} of the grocery configuration {problem}")]
    Config {
        /// The field to change.
        field: &'static str,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// A file could not be written; make room or choose another directory.
    #[error("could not write {}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
