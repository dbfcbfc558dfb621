//! A process of the product that runs beside the measurement.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::time::Instant;

/// How long a process may take to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running process; it ends with the measurement.
pub(crate) struct Process {
    child: Child,
    name: &'static str,
}

impl Process {
    /// Starts a process whose complaints go to a file.
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let complaints = std::fs::File::create(directory.join(format!("{name}.log")))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self { child, name })
    }

    /// Waits until it has introduced itself, by a JSON document on stdout.
    pub(crate) fn introduction(&mut self) -> anyhow::Result<Value> {
        let stdout = self.child.stdout.take().context("it was introduced already")?;
        let mut text = String::new();
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            text.push_str(&line);
            if line == "}" {
                return serde_json::from_str(&text).context("its introduction is no JSON");
            }
        }
        bail!("{} ended before it was ready: its log says why", self.name)
    }

    /// Returns the most memory that it had so far.
    pub(crate) fn peak_memory_mib(&self) -> u64 {
        peak_memory_mib(self.child.id())
    }

    /// Returns the processor time that it has used, in seconds.
    pub(crate) fn processor_seconds(&self) -> f64 {
        processor_seconds(self.child.id())
    }

    /// Fails where it has ended by itself.
    pub(crate) fn must_live(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended by itself with {status}", self.name),
        }
    }

    /// Stops it as a supervisor does.
    pub(crate) async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-s", "TERM", &id]).status()?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("{} does not stop", self.name)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the high-water mark of a process's resident memory; zero where the system tells none.
pub(crate) fn peak_memory_mib(process_id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kib| kib >> 10)
}

/// Reads how long a process has kept processors busy; zero where the system does not tell.
fn processor_seconds(process_id: u32) -> f64 {
    // The clock of the kernel's interface, whatever that of the kernel.
    const TICKS_PER_SECOND: f64 = 100.0;
    let text = std::fs::read_to_string(format!("/proc/{process_id}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold blanks.
    let fields = text.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let ticks = |number: usize| fields.split_whitespace().nth(number)?.parse::<f64>().ok();
    (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()) / TICKS_PER_SECOND
}
