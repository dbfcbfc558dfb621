//! Every Rust file says what it is for, in its first line.

use super::repository::Repository;
use super::{Check, Finding};

/// The first line of files.
pub(super) struct FileHeadings;

impl Check for FileHeadings {
    fn name(&self) -> &'static str {
        "file-headings"
    }

    fn why(&self) -> &'static str {
        "the reader who opens a file first learns what lives in it, and what does not"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        repository
            .ending(".rs")
            .filter(|(_, text)| {
                let first = text.lines().next().unwrap_or_default();
                first.strip_prefix("//! ").is_none_or(|heading| heading.trim().is_empty())
            })
            .map(|(path, _)| {
                let remedy = "open with a sentence: //! What lives here.";
                Finding::new(path, 1, "the file does not open with //!", remedy)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_sentence_is_found() {
        let repository = Repository::of(&[
            ("a/src/good.rs", "//! Counts beans.\n"),
            ("a/src/bad.rs", "use std::fs;\n"),
            ("a/src/empty.rs", "//!\n"),
        ]);
        let paths: Vec<String> =
            FileHeadings.findings(&repository).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["a/src/bad.rs", "a/src/empty.rs"]);
    }
}
