//! Tells whether a process still lives, and whether it is still the same one.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// Stands for a start time where the system has no `/proc` to read it from.
const UNKNOWN_START: &str = "-";

/// One process, told apart from a later process that was given the same id.
///
/// Its text is the id and the start time, separated by a space; [`Process::parse`] reads it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    id: u32,
    started: String,
}

impl Process {
    /// Returns the calling process.
    pub fn current() -> Self {
        let id = std::process::id();
        Self::find(id).unwrap_or(Self { id, started: UNKNOWN_START.to_owned() })
    }

    /// Returns the living process with that id; one that ended and waits to be reaped is dead.
    pub fn find(id: u32) -> Option<Self> {
        let started = if has_proc() { started_by_proc(id)? } else { started_by_ps(id)? };
        Some(Self { id, started })
    }

    /// Reads what [`Process`] prints: an id, then a start time.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, started) = text.trim().split_once(' ')?;
        Some(Self { id: id.parse().ok()?, started: started.to_owned() })
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the start time, in a unit of the system's, or `-` where it is unknown.
    pub fn started(&self) -> &str {
        &self.started
    }

    /// Tells whether this very process, not a later one of the same id, still runs.
    pub fn is_alive(&self) -> bool {
        Self::find(self.id).is_some_and(|found| {
            let unknown = [&self.started, &found.started].map(|started| started == UNKNOWN_START);
            unknown.contains(&true) || found.started == self.started
        })
    }

    /// Tells whether the process works in `directory`; without `/proc`, whether it is a PostgreSQL.
    pub(crate) fn works_in(&self, directory: &Path) -> bool {
        match (fs::metadata(format!("/proc/{}/cwd", self.id)), fs::metadata(directory)) {
            (Ok(cwd), Ok(wanted)) => (cwd.dev(), cwd.ino()) == (wanted.dev(), wanted.ino()),
            _ => self.is_postgres(),
        }
    }

    /// Tells whether the process runs PostgreSQL's server program.
    pub(crate) fn is_postgres(&self) -> bool {
        self.command_name().is_some_and(|name| name.contains("postgres"))
    }

    fn command_name(&self) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/comm", self.id)).ok().or_else(|| ps("comm=", self.id))
    }
}

impl fmt::Display for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.id, self.started)
    }
}

fn has_proc() -> bool {
    Path::new("/proc/self/stat").exists()
}

fn started_by_proc(id: u32) -> Option<String> {
    start_in_stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// Takes the start time out of `/proc/<id>/stat`; `None` for a process that is dead.
fn start_in_stat(stat: &str) -> Option<String> {
    // The command's name, in parentheses, may itself contain spaces and parentheses.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_whitespace();
    let is_dead = matches!(fields.next()?, "Z" | "X" | "x");
    let started = fields.nth(18)?.to_owned();
    (!is_dead).then_some(started)
}

fn started_by_ps(id: u32) -> Option<String> {
    let state = ps("stat=", id)?;
    (!state.starts_with('Z')).then(|| UNKNOWN_START.to_owned())
}

fn ps(column: &str, id: u32) -> Option<String> {
    let output = Command::new("ps").args(["-o", column, "-p", &id.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_process_is_alive_and_survives_its_text() {
        let current = Process::current();
        assert!(current.is_alive());
        assert_eq!(Process::parse(&current.to_string()), Some(current));
    }

    #[test]
    fn a_later_process_with_the_same_id_is_another_one() {
        let text = format!("{} 1", std::process::id());
        let earlier = Process::parse(&text).unwrap();
        assert_eq!(earlier.is_alive(), !has_proc());
    }

    #[test]
    fn a_process_nobody_reaped_is_dead() {
        let mut child = Command::new("true").spawn().unwrap();
        let found = crate::poll::until(
            std::time::Duration::from_secs(10),
            std::time::Duration::from_millis(5),
            || Process::find(child.id()).is_none().then_some(()),
        );
        assert!(found.is_some(), "the zombie still counts as alive");
        child.wait().unwrap();
    }

    #[test]
    fn a_command_name_with_parentheses_does_not_confuse() {
        let fields = "S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
        assert_eq!(start_in_stat(&format!("7 (a) b (c) {fields}")).as_deref(), Some("4711"));
        assert_eq!(start_in_stat(&format!("7 (a) {}", fields.replace('S', "Z"))), None);
    }
}
