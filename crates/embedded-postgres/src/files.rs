//! Reads and replaces the small files that describe a server.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::error::FileError;

/// Replaces the content of `path` in one step, so readers see the old text or the new one.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), FileError> {
    // The leading dot keeps the file out of the guard's listing of users.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = write_new(&draft, text).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        remove(&draft).ok();
    }
    written.map_err(FileError::of("write", path))
}

/// Writes `text` to a file that must not exist yet, so that no symbolic link is followed.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    remove(path)?;
    let mut file = File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Removes a file; one that is not there is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads a file as text; `None` when there is none.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, FileError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::of("read", path)(error)),
    }
}

/// Returns the last `count` lines of `text`, each indented.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let first = lines.len().saturating_sub(count);
    lines[first..].iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// Returns a short name for `path` that stays the same from run to run and release to release.
pub(crate) fn short_name(path: &Path) -> String {
    // FNV-1a: std's hasher makes no promise that its results outlive a release.
    let bytes = path.as_os_str().as_encoded_bytes();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("shelfops-{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_never_changes() {
        assert_eq!(short_name(Path::new("/srv/shop")), short_name(Path::new("/srv/shop")));
        assert_ne!(short_name(Path::new("/srv/shop")), short_name(Path::new("/srv/shops")));
        assert_eq!(short_name(Path::new("a")), "shelfops-af63dc4c8601ec8c");
    }

    #[test]
    fn last_lines_skips_blank_ones() {
        assert_eq!(last_lines("a\n\nb\nc\n", 2), "  b\n  c");
        assert_eq!(last_lines("", 2), "");
    }

    #[test]
    fn replacing_a_link_leaves_its_target_alone() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        let link = directory.path().join("link");
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();

        replace(&link, "new").unwrap();

        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        assert_eq!(fs::read_to_string(&link).unwrap(), "new");
    }
}
