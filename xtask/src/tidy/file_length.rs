//! Files end before the reader does.

use super::repository::Repository;
use super::rust_source::RustSource;
use super::{Check, Finding};

/// The most lines of a file, its tests not counted.
const MOST_LINES: usize = 500;

/// The length of files.
pub(super) struct FileLength;

impl Check for FileLength {
    fn name(&self) -> &'static str {
        "file-length"
    }

    fn why(&self) -> &'static str {
        "a file that grew long has several ideas in it, and each is harder to find than in its own"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        repository
            .ending(".rs")
            .filter(|(path, _)| !repository.is_test(path))
            .filter_map(|(path, text)| {
                let lines = RustSource::new(text).product_lines().count();
                (lines > MOST_LINES).then(|| {
                    let what = format!("{lines} lines without tests, {MOST_LINES} are the limit");
                    Finding::new(path, 1, what, "split by idea, one file each")
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tests_do_not_count() {
        let long = "let line = 1;\n".repeat(MOST_LINES + 1);
        let tested = format!("fn short() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        let repository = Repository::of(&[
            ("a/src/long.rs", &long),
            ("a/src/tested.rs", &tested),
            ("a/tests/main.rs", &long),
        ]);
        let findings = FileLength.findings(&repository);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].path, "a/src/long.rs");
    }
}
