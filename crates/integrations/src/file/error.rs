//! Why a file cannot be opened as a source.

use std::io;
use std::path::{Path, PathBuf};

use super::MappingError;

/// Why a file cannot be opened as a source; nothing of it was read then.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("there is no file {path}: check its name")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path names a directory.
    #[error("{path} is a directory: name the files in it")]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// The path names a pipe, a device or a socket.
    #[error("{path} is no regular file: save the data to one, so that reading can resume")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The user may not read the file.
    #[error("{path} may not be read by this user: change its permissions")]
    Denied {
        /// The file.
        path: PathBuf,
    },
    /// The system cannot read the file.
    #[error("could not read {path}: check the disk it is on")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing in the file, not even a header.
    #[error("{path} is {what}: export it again")]
    Empty {
        /// The file.
        path: PathBuf,
        /// In which way.
        what: &'static str,
    },
    /// The file has a format that is not read.
    #[error("{path} is {what}: {advice}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The file is not what it claims to be.
    #[error("{path} cannot be read: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
        /// What the decoder said.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The mapping does not fit the file.
    #[error("the columns of {path} cannot be mapped")]
    Mapping {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: MappingError,
    },
    /// The cursor was made for another file, or the file has changed since.
    #[error("{path} cannot be resumed: {reason}; --again reads it from the start")]
    Cursor {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
}

impl OpenError {
    /// Says why the system cannot read a file.
    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::PermissionDenied => Self::Denied { path },
            io::ErrorKind::IsADirectory => Self::Directory { path },
            _ => Self::Unreadable { path, source },
        }
    }

    /// Says what is wrong with the content of a file.
    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into(), source: None }
    }

    /// Says that a cursor does not fit a file.
    pub(crate) fn cursor(path: &Path, reason: impl Into<String>) -> Self {
        Self::Cursor { path: path.to_owned(), reason: reason.into() }
    }

    /// Says that a mapping does not fit a file.
    pub(crate) fn mapping(path: &Path, source: MappingError) -> Self {
        Self::Mapping { path: path.to_owned(), source }
    }
}
