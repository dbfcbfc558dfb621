//! Reads `postmaster.pid`, the file by which a running server is known.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::error::{FileError, StopError};
use crate::process::Process;
use crate::{files, poll};

/// A fast shutdown writes a checkpoint, which may take a while on a slow disk.
const FAST_STOP: Duration = Duration::from_secs(60);

/// An immediate shutdown only has to end processes.
const IMMEDIATE_STOP: Duration = Duration::from_secs(15);

/// How far a running server has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Starting,
    Ready,
    Stopping,
}

/// A running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Postmaster {
    pub(crate) process: Process,
    pub(crate) phase: Phase,
    pub(crate) port: u16,
    pub(crate) socket_directory: PathBuf,
}

impl Postmaster {
    /// Returns the server that runs on the data directory, if there is one.
    ///
    /// The file alone proves nothing: it stays behind when the server is killed, and its process id
    /// may by now belong to somebody else.
    pub(crate) fn find(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(file_in(data)).ok()?;
        let written = Written::parse(&text)?;
        let process = Process::find(written.process_id)?;
        process.works_in(data).then_some(Self {
            process,
            phase: written.phase,
            port: written.port,
            socket_directory: written.socket_directory,
        })
    }

    /// Stops the server: clients are disconnected, running transactions rolled back.
    pub(crate) fn stop(&self) -> Result<(), StopError> {
        for (signal, patience) in [(Signal::INT, FAST_STOP), (Signal::QUIT, IMMEDIATE_STOP)] {
            send(self.process.id(), signal);
            let interval = Duration::from_millis(20);
            let is_gone = || (!self.process.is_alive()).then_some(());
            if poll::until(patience, interval, is_gone).is_some() {
                return Ok(());
            }
            tracing::warn!(process_id = self.process.id(), "PostgreSQL takes long to stop");
        }
        let seconds = (FAST_STOP + IMMEDIATE_STOP).as_secs();
        Err(StopError::StillRunning { process_id: self.process.id(), seconds })
    }
}

/// Removes leftovers of a killed server that would keep the next one from starting.
///
/// PostgreSQL itself clears its lock files when no process has the id in them. It refuses to when
/// one has: a killed server that nobody reaped, or a later process that was given the same id.
/// Processes of the killed server that still run are noticed all the same, by their shared memory.
pub(crate) fn remove_stale_files(data: &Path, socket_directory: &Path) -> Result<(), FileError> {
    if Postmaster::find(data).is_some() {
        return Ok(());
    }
    let sockets = fs::read_dir(socket_directory).into_iter().flatten().flatten();
    let is_socket = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(b".s.PGSQL.")
    };
    let sockets = sockets.map(|entry| entry.path()).filter(is_socket);
    for file in sockets.chain([file_in(data)]) {
        files::remove(&file).map_err(FileError::of("remove", &file))?;
    }
    Ok(())
}

/// Sends a signal; the process may have ended meanwhile, which is fine.
pub(crate) fn send(process_id: u32, signal: Signal) {
    let Some(pid) = i32::try_from(process_id).ok().and_then(Pid::from_raw) else { return };
    if let Err(error) = kill_process(pid, signal) {
        tracing::debug!(process_id, %error, "could not signal a server process");
    }
}

fn file_in(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// What a server writes about itself.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    process_id: u32,
    port: u16,
    socket_directory: PathBuf,
    phase: Phase,
}

impl Written {
    /// Reads the file; one that is not complete yet counts as a server that is starting.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let line = |number: usize| lines.get(number - 1).map_or("", |line| line.trim());
        let phase = match line(8) {
            "ready" | "standby" => Phase::Ready,
            "stopping" => Phase::Stopping,
            _ => Phase::Starting,
        };
        Some(Self {
            process_id: line(1).parse().ok()?,
            port: line(4).parse().unwrap_or(0),
            socket_directory: PathBuf::from(line(5)),
            phase,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: &str =
        "7574\n/srv/data\n1795438442\n5433\n/srv/socket\n\n 10010671 9\nready   \n";

    #[test]
    fn a_complete_file_is_read() {
        let written = Written::parse(COMPLETE).unwrap();
        assert_eq!((written.process_id, written.port), (7574, 5433));
        assert_eq!(written.socket_directory, Path::new("/srv/socket"));
        assert_eq!(written.phase, Phase::Ready);
    }

    #[test]
    fn a_file_that_is_being_written_is_a_server_that_starts() {
        assert_eq!(Written::parse("12\n/srv/data\n").unwrap().phase, Phase::Starting);
        assert_eq!(Written::parse(""), None);
    }

    #[test]
    fn a_file_that_names_another_process_is_stale() {
        let data = tempfile::tempdir().unwrap();
        // This test's process is alive, and is no server of that directory.
        let text = COMPLETE.replace("7574", &std::process::id().to_string());
        fs::write(file_in(data.path()), text).unwrap();

        assert_eq!(Postmaster::find(data.path()), None);
        let sockets = tempfile::tempdir().unwrap();
        let socket_lock = sockets.path().join(".s.PGSQL.5433.lock");
        fs::write(&socket_lock, "1\n").unwrap();
        remove_stale_files(data.path(), sockets.path()).unwrap();
        assert!(!file_in(data.path()).exists());
        assert!(!socket_lock.exists());
    }
}
