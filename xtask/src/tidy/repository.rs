//! The files under version control, and those about to be, as text in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::rust_source::RustSource;

/// The files of the project.
#[derive(Debug, Default)]
pub(super) struct Repository {
    /// Text by path; paths are relative to the root, with slashes.
    texts: BTreeMap<String, String>,
    /// Every file and directory, those that are no text included.
    paths: BTreeSet<String>,
    /// Modules that only tests compile: a file, or a directory with a slash at its end.
    test_modules: BTreeSet<String>,
}

impl Repository {
    /// Reads the files that git knows, or would know after adding everything.
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let listed = Command::new("git")
            .current_dir(root)
            .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
            .output()
            .context("could not start git, which knows the files to check")?;
        ensure!(
            listed.status.success(),
            "git could not list the files: {}",
            String::from_utf8_lossy(&listed.stderr).trim()
        );
        let names = String::from_utf8(listed.stdout).context("a file name is not UTF-8")?;
        let mut repository = Self::default();
        for path in names.split('\0').filter(|path| !path.is_empty()) {
            // Deleted files are listed until the deletion is committed.
            if let Ok(bytes) = std::fs::read(root.join(path)) {
                repository.add(path, String::from_utf8(bytes).ok());
            }
        }
        repository.find_test_modules();
        Ok(repository)
    }

    /// Makes a repository of these files, for the checks' own tests.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut repository = Self::default();
        for (path, text) in files {
            repository.add(path, Some((*text).to_owned()));
        }
        repository.find_test_modules();
        repository
    }

    /// Returns how many text files there are.
    pub(super) fn file_count(&self) -> usize {
        self.texts.len()
    }

    /// Returns every text file, by path.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Returns the text files whose paths end so.
    pub(super) fn ending<'r>(
        &'r self,
        ending: &'r str,
    ) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.files().filter(move |(path, _)| path.ends_with(ending))
    }

    /// Returns the text of a file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether there is such a file or directory.
    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Whether the file serves tests only.
    pub(super) fn is_test(&self, path: &str) -> bool {
        let in_test_directory =
            path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs"));
        in_test_directory
            || self
                .test_modules
                .iter()
                .any(|module| path == module || (module.ends_with('/') && path.starts_with(module)))
    }

    fn add(&mut self, path: &str, text: Option<String>) {
        let parents = path.match_indices('/').map(|(end, _)| path[..end].to_owned());
        self.paths.extend(parents);
        self.paths.insert(path.to_owned());
        if let Some(text) = text {
            self.texts.insert(path.to_owned(), text);
        }
    }

    /// Finds the files of `#[cfg(test)] mod name;`.
    fn find_test_modules(&mut self) {
        let mut found = BTreeSet::new();
        for (path, text) in self.ending(".rs") {
            for module in RustSource::new(text).test_module_files() {
                let directory = module_directory(path);
                found.insert(format!("{directory}{module}.rs"));
                found.insert(format!("{directory}{module}/"));
            }
        }
        self.test_modules = found;
    }
}

/// Returns the directory that a file's modules are in, with its slash.
fn module_directory(path: &str) -> String {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let directory = if directory.is_empty() { String::new() } else { format!("{directory}/") };
    match name.strip_suffix(".rs") {
        Some("mod" | "lib" | "main") | None => directory,
        Some(stem) => format!("{directory}{stem}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_that_only_tests_compile_are_known() {
        let repository = Repository::of(&[
            ("crates/a/src/rules/mod.rs", "#[cfg(test)]\nmod samples;\nmod real;\n"),
            ("crates/a/src/rules/samples.rs", ""),
            ("crates/a/src/rules/real.rs", ""),
            ("crates/a/src/pipeline.rs", "#[cfg(test)] mod doubles;"),
            ("crates/a/src/pipeline/doubles/one.rs", ""),
            ("crates/a/tests/main.rs", ""),
        ]);
        assert!(repository.is_test("crates/a/src/rules/samples.rs"));
        assert!(repository.is_test("crates/a/src/pipeline/doubles/one.rs"));
        assert!(repository.is_test("crates/a/tests/main.rs"));
        assert!(!repository.is_test("crates/a/src/rules/real.rs"));
    }

    #[test]
    fn directories_are_there_as_well_as_files() {
        let repository = Repository::of(&[("docs/guides/one.md", "")]);
        assert!(repository.has("docs/guides") && repository.has("docs/guides/one.md"));
        assert!(!repository.has("docs/guide"));
    }
}
