//! Names the command that installs PostgreSQL on this system.

use std::fs;

/// Systems by the names they give themselves, and their commands.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["debian", "ubuntu"], "apt-get install postgresql"),
    (&["fedora", "rhel", "centos"], "dnf install postgresql-server"),
    (&["suse", "opensuse"], "zypper install postgresql-server"),
    (&["arch"], "pacman -S postgresql"),
    (&["alpine"], "apk add postgresql"),
];

const MACOS_COMMAND: &str = "brew install postgresql@17";

/// Returns one or two sentences that say how to install PostgreSQL here.
pub(super) fn for_this_machine() -> String {
    if cfg!(target_os = "macos") {
        return advice(Some(MACOS_COMMAND));
    }
    advice(command_for(&fs::read_to_string("/etc/os-release").unwrap_or_default()))
}

fn advice(command: Option<&str>) -> String {
    let elsewhere = "if that version is too old, see https://www.postgresql.org/download/";
    match command {
        Some(command) => format!("install it with `{command}`; {elsewhere}"),
        None => format!(
            "install it with `apt-get install postgresql` (Debian, Ubuntu), `dnf install \
             postgresql-server` (Fedora), or `{MACOS_COMMAND}` (macOS); {elsewhere}"
        ),
    }
}

/// Picks the command for the system that `/etc/os-release` describes.
fn command_for(os_release: &str) -> Option<&'static str> {
    let values = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")));
    let names: Vec<&str> =
        values.flat_map(|value| value.trim_matches('"').split_whitespace()).collect();
    let (_, command) =
        COMMANDS.iter().find(|(systems, _)| systems.iter().any(|system| names.contains(system)))?;
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_systems_get_the_command_of_their_parent() {
        let mint = "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n";
        assert_eq!(command_for(mint), Some("apt-get install postgresql"));
        assert_eq!(
            command_for("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
            Some(COMMANDS[1].1)
        );
    }

    #[test]
    fn an_unknown_system_gets_all_commands() {
        assert_eq!(command_for("ID=plan9"), None);
        assert!(advice(None).contains("brew install"));
    }
}
