//! What can go wrong when a server starts or stops, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::installation::{FindError, Version};

/// Trouble with one of the files a server keeps.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system refused.
    #[error(
        "could not {action} {}: make sure this user may do that, or choose another directory",
        path.display()
    )]
    Refused {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it was refused.
        source: io::Error,
    },
    /// The disk is full.
    #[error("could not {action} {}: the disk is full; free some space and try again", path.display())]
    DiskFull {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
    },
    /// Another process has held the lock for too long.
    #[error(
        "another process has been starting or stopping the server for {seconds} s, holding {}: \
         end that process and try again",
        path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long this process has waited.
        seconds: u64,
    },
}

impl FileError {
    /// Returns a function that turns an I/O error into what it means for `path`.
    pub(crate) fn of(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { action, path }
            }
            _ => Self::Refused { action, path, source },
        }
    }
}

/// Why a server could not be stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// One of the server's files made trouble.
    #[error(transparent)]
    File(#[from] FileError),
    /// The server did not end in time.
    #[error(
        "PostgreSQL (process {process_id}) was asked to stop and still ran {seconds} s later: \
         end what keeps it busy, then try again"
    )]
    StillRunning {
        /// The process id of the server.
        process_id: u32,
        /// How long this process has waited.
        seconds: u64,
    },
}

/// Why a server could not be started, or attached to.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// One of the server's files made trouble.
    #[error(transparent)]
    File(#[from] FileError),
    /// A server that had to be stopped first did not stop.
    #[error(transparent)]
    Stop(#[from] StopError),
    /// A setting cannot be written to the configuration.
    #[error("the setting `{name}` cannot be used: {reason}")]
    InvalidSetting {
        /// The setting's name.
        name: String,
        /// What is wrong with it, and what to do.
        reason: &'static str,
    },
    /// A library that is to be preloaded is not installed.
    #[error(
        "PostgreSQL {version} has no library `{library}` in {}: install it for this version, or \
         do not ask for it",
        directory.display()
    )]
    MissingLibrary {
        /// The library's name.
        library: String,
        /// The version of the installation.
        version: Version,
        /// Where its libraries are.
        directory: PathBuf,
    },
    /// PostgreSQL refuses to run as root, and there is nobody else to run it.
    #[error(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it: \
         add one (useradd --system postgres), or start as another user"
    )]
    NoServerUser,
    /// Somebody else owns a directory that must be private.
    #[error(
        "{} belongs to user {owner}, not to user {expected}, or is not a directory: \
         have a look who made it, and remove it",
        path.display()
    )]
    ForeignDirectory {
        /// The directory.
        path: PathBuf,
        /// The user id that owns it.
        owner: u32,
        /// The user id that should own it.
        expected: u32,
    },
    /// The data directory holds something that is not a data directory.
    #[error(
        "{} holds files, but no data of a PostgreSQL server: move them away to start with an \
         empty server",
        directory.display()
    )]
    NotADataDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// The data were made by another major version, which is not installed.
    #[error(
        "the data in {} were made by PostgreSQL {data_version}, and PostgreSQL {server_version} \
         cannot read them: install PostgreSQL {data_version}, or move the directory away to start \
         with an empty server",
        directory.display()
    )]
    VersionMismatch {
        /// The data directory.
        directory: PathBuf,
        /// The major version that made the data.
        data_version: u32,
        /// The version that was to read them.
        server_version: Version,
        /// Why no installation of the right version is used.
        source: FindError,
    },
    /// A program could not be run at all.
    #[error("could not run {} as {user}: make sure that user may run it", program.display())]
    Command {
        /// The program.
        program: PathBuf,
        /// The user that was to run it.
        user: String,
        /// Why it did not run.
        source: io::Error,
    },
    /// The data directory could not be made.
    #[error("initdb could not make a data directory in {}; it said:\n{output}", directory.display())]
    Initialize {
        /// Where the data directory was to be.
        directory: PathBuf,
        /// The last lines of what `initdb` printed.
        output: String,
    },
    /// The disk filled up while PostgreSQL started.
    #[error(
        "PostgreSQL could not start because the disk that holds {} is full: free some space and \
         try again",
        directory.display()
    )]
    DiskFull {
        /// A directory on the full disk.
        directory: PathBuf,
    },
    /// Another program listens on the TCP port.
    #[error("port {port} is in use by another program: choose another port, or none")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// The server ended instead of starting.
    #[error("PostgreSQL did not start from {}; the last lines of its log:\n{log}", directory.display())]
    Refused {
        /// The data directory.
        directory: PathBuf,
        /// The last lines of the server's log, or why it could not be read.
        log: String,
    },
    /// The server runs, but is not ready yet.
    #[error(
        "PostgreSQL was not ready after {seconds} s and may still be recovering: try again later; \
         the last lines of its log:\n{log}"
    )]
    NotReady {
        /// How long this process has waited.
        seconds: u64,
        /// The last lines of the server's log, or why it could not be read.
        log: String,
    },
}
