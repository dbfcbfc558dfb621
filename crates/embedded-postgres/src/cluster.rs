//! Makes a data directory, and says which version of PostgreSQL made one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{FileError, StartError};
use crate::home::Home;
use crate::installation::Installation;
use crate::{SUPERUSER, control, files};

/// Relative to the file it stands in, so the server's home may be moved.
const INCLUDE_LINE: &str = "include = '../shelfops.conf'";

/// Character sets' behaviour by code point, alike on every machine; the second where the system
/// lacks the first.
const LOCALES: &[&str] = &["C.UTF-8", "C"];

/// An error quotes this many lines of what `initdb` printed.
const QUOTED_LINES: usize = 20;

/// Returns the major version that made the data, or `None` when there are none yet.
pub(crate) fn major_version(data: &Path) -> Result<Option<u32>, StartError> {
    let file = data.join("PG_VERSION");
    if let Some(text) = files::read_if_there(&file)? {
        let not_a_data_directory = StartError::NotADataDirectory { directory: data.to_owned() };
        return text.trim().parse().map(Some).map_err(|_| not_a_data_directory);
    }
    let is_empty = fs::read_dir(data).map_or(true, |mut entries| entries.next().is_none());
    if is_empty {
        Ok(None)
    } else {
        Err(StartError::NotADataDirectory { directory: data.to_owned() })
    }
}

/// Makes the data directory.
///
/// It is made under another name and renamed when complete: a process that dies meanwhile leaves
/// nothing that looks like data.
pub(crate) fn initialize(
    home: &Home,
    installation: &Installation,
    config: &Config,
) -> Result<(), StartError> {
    remove_unfinished(home)?;
    let draft = home.path().join(format!("{DRAFT_PREFIX}{}", std::process::id()));
    let is_durable = !config.settings.iter().any(|(name, value)| name == "fsync" && value == "off");
    let mut outcome = Ok(());
    for locale in LOCALES {
        outcome = run_initdb(home, installation, &InitdbRun { draft: &draft, locale, is_durable });
        let lacks_locale = matches!(
            &outcome, Err(StartError::Initialize { output, .. }) if output.contains("invalid locale"));
        if !lacks_locale {
            break;
        }
        remove_unfinished(home)?;
    }
    outcome?;
    include_settings(&draft)?;
    let data = home.data();
    fs::rename(&draft, &data).map_err(FileError::of("make", &data))?;
    let parent = File::open(home.path()).and_then(|directory| directory.sync_all());
    parent.map_err(FileError::of("make durable", home.path()))?;
    tracing::info!(directory = %data.display(), "made a data directory");
    Ok(())
}

/// Makes sure that the server reads our settings, even after its own file was replaced.
pub(crate) fn include_settings(data: &Path) -> Result<(), FileError> {
    let file = data.join("postgresql.conf");
    let text = files::read_if_there(&file)?.unwrap_or_default();
    if text.lines().any(|line| line == INCLUDE_LINE) {
        return Ok(());
    }
    let addition = format!("\n# ShelfOps' own settings, read last.\n{INCLUDE_LINE}\n");
    let open = OpenOptions::new().append(true).create(true).open(&file);
    open.and_then(|mut file| file.write_all(addition.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(FileError::of("write", &file))
}

const DRAFT_PREFIX: &str = "data.new.";

/// One attempt to make a data directory.
struct InitdbRun<'a> {
    draft: &'a Path,
    locale: &'a str,
    is_durable: bool,
}

fn run_initdb(
    home: &Home,
    installation: &Installation,
    attempt: &InitdbRun<'_>,
) -> Result<(), StartError> {
    let draft = attempt.draft;
    let made = DirBuilder::new().mode(0o700).create(draft);
    made.map_err(FileError::of("make", draft))?;
    home.hand_over(draft)?;
    let mut command = home.user().command(&installation.program("initdb"));
    command.arg("--pgdata").arg(draft);
    command.args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", attempt.locale]);
    command.args(["--auth-local", "trust", "--auth-host", "scram-sha-256"]);
    if !attempt.is_durable {
        command.arg("--no-sync");
    }
    let output = home.user().run(command)?;
    if output.status.success() {
        return Ok(());
    }
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    if printed.contains(control::DISK_FULL) {
        remove_unfinished(home)?;
        return Err(StartError::DiskFull { directory: home.path().to_owned() });
    }
    let output = files::last_lines(&printed, QUOTED_LINES);
    Err(StartError::Initialize { directory: home.path().to_owned(), output })
}

/// Removes what an interrupted [`initialize`] left.
fn remove_unfinished(home: &Home) -> Result<(), FileError> {
    let entries = fs::read_dir(home.path()).map_err(FileError::of("list", home.path()))?;
    let is_draft = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(DRAFT_PREFIX.as_bytes())
    };
    for draft in entries.flatten().map(|entry| entry.path()).filter(is_draft) {
        fs::remove_dir_all(&draft).map_err(FileError::of("remove", &draft))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_missing_directory_has_no_version() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(major_version(directory.path()).unwrap(), None);
        assert_eq!(major_version(&directory.path().join("missing")).unwrap(), None);
    }

    #[test]
    fn other_files_are_not_mistaken_for_data() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("notes.txt"), "mine").unwrap();
        let error = major_version(directory.path()).unwrap_err();
        assert!(error.to_string().contains("move them away"), "{error}");
    }

    #[test]
    fn settings_are_included_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("postgresql.conf");
        fs::write(&file, "port = 1").unwrap();
        include_settings(directory.path()).unwrap();
        include_settings(directory.path()).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.matches(INCLUDE_LINE).count(), 1, "{text}");
        assert!(text.starts_with("port = 1\n"));
    }
}
