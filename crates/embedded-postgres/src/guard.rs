//! Starts the guard: a small shell process that stops the server when its last user has ended.
//!
//! A user may be killed at any instant, so no user can be trusted to stop the server. The guard is a
//! process of its own, away from the terminal's signals, and looks once a second who is left.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::{FileError, StartError};
use crate::home::Home;
use crate::process::Process;
use crate::{files, poll};

const SCRIPT: &str = include_str!("guard.sh");

/// Starts the script and prints its process id; the script is then nobody's child to reap.
const LAUNCHER: &str = r#"/bin/sh "$1" "$2" </dev/null >/dev/null 2>&1 & echo $!"#;

/// Longer than the guard waits for a shutdown, fast and immediate.
const STOPPED: Duration = Duration::from_secs(120);

/// Makes sure that a guard watches the server; call it as a registered user who holds the lock.
pub(crate) fn ensure(home: &Home) -> Result<(), StartError> {
    if is_alive(home) {
        return Ok(());
    }
    files::replace(&home.guard_script(), SCRIPT)?;
    let guard = launch(home)?;
    files::replace(&home.guard_file(), &format!("{guard}\n"))?;
    tracing::debug!(process_id = guard.id(), "started the guard of the server");
    Ok(())
}

/// Waits while a guard stops the server, for it did not see this user in time.
pub(crate) fn wait_while_stopping(home: &Home) -> Result<(), StartError> {
    let stopping = home.stopping_file();
    poll::until(STOPPED, Duration::from_millis(20), || {
        let is_over = !stopping.exists() || !is_alive(home);
        is_over.then_some(())
    });
    files::remove(&stopping).map_err(FileError::of("remove", &stopping))?;
    Ok(())
}

/// Tells whether a guard watches the server.
pub(crate) fn is_alive(home: &Home) -> bool {
    let text = files::read_if_there(&home.guard_file()).ok().flatten();
    text.and_then(|text| Process::parse(&text)).is_some_and(|guard| guard.is_alive())
}

fn launch(home: &Home) -> Result<Process, StartError> {
    let shell = Path::new("/bin/sh");
    let mut command = Command::new(shell);
    command.args(["-c", LAUNCHER, "sh"]).arg(home.guard_script()).arg(home.path());
    // Nothing of the caller's: not its directory, its environment or its terminal's signals.
    let search_path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    command.current_dir("/").env_clear().env("PATH", search_path);
    command.process_group(0).stdin(Stdio::null()).stderr(Stdio::null());
    let failed = |source| StartError::Command {
        program: shell.to_owned(),
        user: "the calling user".to_owned(),
        source,
    };
    let output = command.output().map_err(failed)?;
    let id = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    id.and_then(Process::find)
        .ok_or_else(|| failed(std::io::Error::other("the guard ended at once")))
}
