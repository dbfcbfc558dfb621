//! Nothing under version control remembers the machine it was written on.

use super::repository::Repository;
use super::{Check, Finding};

/// Directories of one machine, written so that this file does not have them.
const DIRECTORIES: &[&str] = &[
    concat!("/", "work", "/"),
    concat!("/", "root", "/"),
    concat!("/", "home", "/"),
    concat!("/", "Users", "/"),
];

/// What goes on after such a directory on every machine alike: Homebrew's own place on Linux.
const EVERYWHERE: &str = "linuxbrew/";

/// Hosts that serve packages: clients know them, projects name packages.
const HOSTS: &[&str] = &[
    concat!("deb.", "debian.org"),
    concat!("security.", "debian.org"),
    concat!("snapshot.", "debian.org"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("files.", "pythonhosted.org"),
    concat!("registry.", "npmjs.org"),
    concat!("arti", "factory"),
];

/// Written by cargo, which knows what it needs.
const LOCK_FILE: &str = "Cargo.lock";

/// Paths and hosts of a machine.
pub(super) struct MachineTraces;

impl Check for MachineTraces {
    fn name(&self) -> &'static str {
        "machine-traces"
    }

    fn why(&self) -> &'static str {
        "what works on the author's machine only fails on everybody else's"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (path, text) in repository.files().filter(|(path, _)| *path != LOCK_FILE) {
            for (number, line) in (1..).zip(text.lines()) {
                for directory in DIRECTORIES.iter().filter(|directory| has_path(line, directory)) {
                    findings.push(Finding::new(
                        path,
                        number,
                        format!("a path of one machine, below {directory}"),
                        "use a path relative to the project, a temporary directory or a setting",
                    ));
                }
                for host in HOSTS.iter().filter(|host| line.contains(*host)) {
                    findings.push(Finding::new(
                        path,
                        number,
                        format!("the host of a package registry, {host}"),
                        "name the package and leave the rest to the machine's own client",
                    ));
                }
            }
        }
        findings
    }
}

/// Whether a line has an absolute path below a directory: the start of a path, and more after it.
fn has_path(line: &str, directory: &str) -> bool {
    line.match_indices(directory).any(|(start, _)| {
        let begins = line[..start].chars().next_back().is_none_or(|before| {
            !before.is_alphanumeric() && !matches!(before, '.' | '_' | '-' | '/' | '}' | ')' | '*')
        });
        let rest = &line[start + directory.len()..];
        let goes_on = rest
            .starts_with(|next: char| next.is_ascii_alphanumeric() || matches!(next, '.' | '_'));
        begins && goes_on && !rest.starts_with(EVERYWHERE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_machine_are_found_and_parts_of_others_are_not() {
        let [first, second, ..] = DIRECTORIES else { unreachable!() };
        assert!(has_path(&format!("cd {first}project"), first));
        assert!(has_path(&format!("path = \"{second}.cargo\""), second));
        assert!(!has_path(&format!("https://example.org{first}page"), first));
        assert!(!has_path(&format!("src{first}queue"), first));
        assert!(!has_path(&format!("(\"{first}{EVERYWHERE}opt\")"), first));
        assert!(!has_path(&format!("routes are below {first}"), first));
    }

    #[test]
    fn hosts_of_registries_are_found_outside_the_lock_file() {
        let text = format!("# see {}\n", HOSTS[0]);
        let repository = Repository::of(&[("scripts/a.sh", &text), (LOCK_FILE, &text)]);
        let findings = MachineTraces.findings(&repository);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "scripts/a.sh");
    }
}
