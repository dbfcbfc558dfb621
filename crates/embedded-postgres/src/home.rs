//! Settles where a server keeps its files, and makes that place fit for it.
//!
//! Usually that is the directory the caller names. When root starts the server, another user runs
//! it, and that user may be unable to get there: then the files live below `/var/tmp`, and the
//! caller's directory remembers where.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::error::{FileError, StartError};
use crate::private_directory::{Privacy, claim, open_to_group};
use crate::server_user::{ServerUser, effective_user_id};
use crate::{files, lock};

/// Outlives a restart of the machine, and every user can get there.
const REACHABLE_BY_ALL: &str = "/var/tmp";

/// Short enough for a socket, wherever the server lives.
const SHORT_PATH: &str = "/tmp";

/// A socket's path has at most 107 bytes on Linux, 103 elsewhere.
const SOCKET_PATH_BYTES: usize = 103;

/// The longest name PostgreSQL gives a socket, and the slash before it.
const SOCKET_NAME_BYTES: usize = "/.s.PGSQL.65535".len();

/// The place of a server, and the user who runs it there.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    path: PathBuf,
    socket_directory: PathBuf,
    user: ServerUser,
}

impl Home {
    /// Settles where the server that was asked for at `directory` lives, and prepares the place.
    pub(crate) fn prepare(directory: &Path) -> Result<Self, StartError> {
        let intended = make(directory)?;
        let (path, user) = settle(&intended)?;
        if path != intended {
            let (user_id, group_id) = (effective_user_id(), user.group_id());
            claim(&path, Privacy { user_id, group_id, mode: 0o710 })?;
        }
        let socket_directory = make_socket_directory(&path, &user)?;
        let home = Self { path, socket_directory, user };
        make_private(&home.users())?;
        make_private(&home.logs()).and_then(|()| home.hand_over(&home.logs()))?;
        Ok(home)
    }

    /// Gives `path` to the user who runs the server.
    pub(crate) fn hand_over(&self, path: &Path) -> Result<(), FileError> {
        self.user.give(path).map_err(FileError::of("hand over", path))
    }

    /// Returns the directory everything else is in.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the user who runs the server.
    pub(crate) fn user(&self) -> &ServerUser {
        &self.user
    }

    /// Returns the directory of the server's socket.
    pub(crate) fn socket_directory(&self) -> &Path {
        &self.socket_directory
    }

    /// Returns PostgreSQL's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        data_in(&self.path)
    }

    /// Returns the directory of the server's logs.
    pub(crate) fn logs(&self) -> PathBuf {
        logs_in(&self.path)
    }

    /// Returns the directory that lists the processes that use the server.
    pub(crate) fn users(&self) -> PathBuf {
        self.path.join("users")
    }

    /// Returns the file that is locked while the server is started or stopped.
    pub(crate) fn lock_file(&self) -> PathBuf {
        lock_file_in(&self.path)
    }

    /// Returns the file of the guard's script.
    pub(crate) fn guard_script(&self) -> PathBuf {
        self.path.join("guard.sh")
    }

    /// Returns the file that names the guard's process.
    pub(crate) fn guard_file(&self) -> PathBuf {
        self.path.join("guard")
    }

    /// Returns the file that exists while the guard stops the server.
    pub(crate) fn stopping_file(&self) -> PathBuf {
        self.path.join("stopping")
    }

    /// Returns the file that remembers the port.
    pub(crate) fn port_file(&self) -> PathBuf {
        self.path.join("port")
    }

    /// Returns the file of our settings, which the server's own configuration includes.
    pub(crate) fn settings_file(&self) -> PathBuf {
        self.path.join("shelfops.conf")
    }
}

fn data_in(path: &Path) -> PathBuf {
    path.join("data")
}

fn logs_in(path: &Path) -> PathBuf {
    path.join("log")
}

fn lock_file_in(path: &Path) -> PathBuf {
    path.join("lock")
}

/// Makes the directory the caller named, and returns its real path.
fn make(directory: &Path) -> Result<PathBuf, FileError> {
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        fs::create_dir_all(parent).map_err(FileError::of("make", parent))?;
    }
    make_private(directory)?;
    directory.canonicalize().map_err(FileError::of("resolve", directory))
}

/// Makes a directory that only its owner may enter; one that is there stays as it is.
fn make_private(path: &Path) -> Result<(), FileError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(FileError::of("make", path)(error))
        }
        _ => Ok(()),
    }
}

/// Decides where the files live and who runs the server, the same way for every process.
fn settle(intended: &Path) -> Result<(PathBuf, ServerUser), StartError> {
    let _lock = lock::acquire(&lock_file_in(intended))?;
    let location_file = intended.join("location");
    if let Some(location) = files::read_if_there(&location_file)? {
        let path = PathBuf::from(location.trim_end_matches('\n'));
        let user = ServerUser::choose(&data_in(&path))?;
        return Ok((path, user));
    }
    let user = ServerUser::choose(&data_in(intended))?;
    let is_settled = !user.must_switch() || data_in(intended).exists();
    if is_settled || can_live_in(intended, &user)? {
        return Ok((intended.to_owned(), user));
    }
    let path = reachable_place(intended)?;
    files::replace(&location_file, &format!("{}\n", path.display()))?;
    tracing::info!(
        directory = %intended.display(),
        location = %path.display(),
        user = user.name(),
        "the user who runs PostgreSQL cannot enter the directory, so its files live elsewhere"
    );
    Ok((path, user))
}

fn reachable_place(intended: &Path) -> Result<PathBuf, FileError> {
    let parent = Path::new(REACHABLE_BY_ALL);
    let parent = parent.canonicalize().map_err(FileError::of("resolve", parent))?;
    Ok(parent.join(files::short_name(intended)))
}

/// Tries whether the server's user can own a directory in `intended` and get into it.
fn can_live_in(intended: &Path, user: &ServerUser) -> Result<bool, StartError> {
    let entries = fs::read_dir(intended).map_err(FileError::of("list", intended))?;
    let is_new = entries.flatten().all(|entry| entry.file_name() == "lock");
    let logs = logs_in(intended);
    make_private(&logs)?;
    // Some file systems know no owners; the server cannot live there either.
    let is_open = !is_new || open_to_group(intended, user.group_id()).is_ok();
    let can_live = is_open && user.give(&logs).is_ok() && user.can_write_in(&logs)?;
    if !can_live {
        // One that was there before, with logs in it, stays.
        fs::remove_dir(&logs).ok();
    }
    Ok(can_live)
}

/// Makes the directory of the socket: in the server's home, unless clients could not name it there.
fn make_socket_directory(path: &Path, user: &ServerUser) -> Result<PathBuf, StartError> {
    let inside = path.join("socket");
    let is_short = inside.as_os_str().len() + SOCKET_NAME_BYTES <= SOCKET_PATH_BYTES;
    // Clients take a comma for the end of a host's name, and the settings file is UTF-8.
    if is_short && inside.to_str().is_some_and(|path| !path.contains(',')) {
        make_private(&inside)?;
        user.give(&inside).map_err(FileError::of("hand over", &inside))?;
        return Ok(inside);
    }
    let outside = Path::new(SHORT_PATH).join(files::short_name(path));
    let (user_id, group_id) = (user.user_id(), user.group_id());
    claim(&outside, Privacy { user_id, group_id, mode: 0o700 })?;
    Ok(outside)
}
