//! Runs other programs, one step after the other, and says what is going on.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context as _;

use crate::Outcome;

/// Returns a call of the cargo that runs this task.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root).args(arguments);
    command
}

/// Runs one step with its output shown; a step that fails has found something.
pub(crate) fn step(name: &str, command: &mut Command) -> anyhow::Result<Outcome> {
    eprintln!("== {name}");
    let started = Instant::now();
    let status = command.status().with_context(|| format!("could not start {name}"))?;
    let seconds = started.elapsed().as_secs_f32();
    if status.success() {
        eprintln!("== {name}: passed in {seconds:.1} s");
        Ok(Outcome::Clean)
    } else {
        eprintln!("== {name}: failed after {seconds:.1} s");
        Ok(Outcome::Found)
    }
}

/// Whether cargo has this subcommand installed.
pub(crate) fn has_subcommand(root: &Path, name: &str) -> bool {
    cargo(root, &[name, "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
