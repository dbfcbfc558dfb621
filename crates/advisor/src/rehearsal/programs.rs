//! PostgreSQL's own programs: `pg_dump`, `pg_restore`, `psql`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use shelfops_connection::Address;
use tokio::process::Command;

use super::copy::CopyError;

/// How much of what a program complains about is told.
const MOST_SAID: usize = 2_000;

/// Where PostgreSQL's programs are. They must be no older than the server.
#[derive(Clone, Debug)]
pub struct Programs {
    directory: PathBuf,
}

impl Programs {
    /// Takes the programs of a directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Returns a program that works on a database, and ends when nobody waits for it any more.
    pub(super) fn command(&self, program: &'static str, address: &Address) -> Command {
        let path = self.directory.join(program);
        let mut command = Command::new(path);
        command
            .envs(address.variables())
            .env("PGAPPNAME", super::copy::APPLICATION)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs a program to its end.
    pub(super) async fn run(
        &self,
        program: &'static str,
        address: &Address,
        arguments: Vec<OsString>,
    ) -> Result<(), CopyError> {
        let mut command = self.command(program, address);
        let output = command
            .args(arguments)
            .output()
            .await
            .map_err(|source| self.missing(program, source))?;
        judged(program, &output)
    }

    pub(super) fn missing(&self, program: &'static str, source: std::io::Error) -> CopyError {
        CopyError::NoProgram { program, directory: self.directory.display().to_string(), source }
    }
}

/// Turns a program's end into what it means.
pub(super) fn judged(program: &'static str, output: &Output) -> Result<(), CopyError> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: String = said.trim().chars().take(MOST_SAID).collect();
    Err(CopyError::Program { program, said })
}
