//! A throwaway directory for a server, and ways to look at that server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use shelfops_embedded_postgres::{Config, Installation, Process, Server, ServerHandle, StartError};
use tempfile::TempDir;

/// A directory that other users can get to, removed at the end.
pub(crate) struct Place {
    root: TempDir,
}

impl Place {
    /// Makes a directory every user can enter.
    pub(crate) fn open() -> Self {
        Self::with_mode(0o755)
    }

    /// Makes a directory only its owner can enter.
    pub(crate) fn closed() -> Self {
        Self::with_mode(0o700)
    }

    fn with_mode(mode: u32) -> Self {
        let root = tempfile::Builder::new().prefix("embedded-postgres-").tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(mode)).unwrap();
        Self { root }
    }

    /// Returns the directory itself.
    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    /// Returns where a server is to live.
    pub(crate) fn server(&self) -> PathBuf {
        self.root.path().join("postgres")
    }

    /// Returns a configuration for a small server that does not wait for the disk.
    pub(crate) fn config(&self) -> Config {
        small(&self.server())
    }

    /// Starts that server, or attaches to it.
    pub(crate) fn start(&self) -> ServerHandle {
        self.try_start().unwrap()
    }

    /// Starts that server, which may fail.
    pub(crate) fn try_start(&self) -> Result<ServerHandle, StartError> {
        Server::start(installation(), self.config())
    }
}

/// Returns the configuration of a small server in `directory`.
pub(crate) fn small(directory: &Path) -> Config {
    Config::new(directory).setting("fsync", "off").setting("shared_buffers", "16MB")
}

/// Returns the installation the tests run with.
pub(crate) fn installation() -> Installation {
    Installation::find().unwrap()
}

/// Runs SQL and returns its output, or what `psql` complained about.
pub(crate) fn query(server: &ServerHandle, sql: &str) -> Result<String, String> {
    let mut command = psql(server, sql);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Prepares to run SQL.
pub(crate) fn psql(server: &ServerHandle, sql: &str) -> Command {
    let mut command = Command::new(server.installation().program("psql"));
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", sql]);
    command.arg(server.connection_url("postgres"));
    command
}

/// Sends a signal to a process, such as `KILL`.
pub(crate) fn signal(name: &str, process_id: u32) {
    let status = Command::new("kill").args(["-s", name, &process_id.to_string()]).status();
    assert!(status.unwrap().success(), "could not signal process {process_id}");
}

/// Waits until a process has ended.
pub(crate) fn wait_until_gone(process_id: u32) {
    wait_until("the process to end", || Process::find(process_id).is_none());
}

/// Waits until a condition holds.
#[expect(clippy::disallowed_methods, reason = "the poll interval of a wait with a deadline")]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the process of the guard that watches the server.
pub(crate) fn guard_of(server: &ServerHandle) -> Process {
    let text = fs::read_to_string(server.directory().join("guard")).unwrap();
    Process::parse(&text).unwrap()
}

/// Tells whether root runs the tests, who alone can give directories away.
pub(crate) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}
