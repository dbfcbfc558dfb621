//! Nothing panics outside tests.

use super::repository::Repository;
use super::rust_source::{RustSource, is_word};
use super::{Check, Finding};

/// What ends a program, or was never finished.
const PANICS: &[&str] = &[".unwrap()", "todo!", "unimplemented!", "panic!"];

/// The crate whose every user is a test.
const TESTKIT: &str = "crates/testkit/";

/// Panics outside tests.
pub(super) struct Panics;

impl Check for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }

    fn why(&self) -> &'static str {
        "a panic on anything from outside stops every tenant's work, not only the broken one's"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (path, text) in repository.ending(".rs") {
            if repository.is_test(path) || path.starts_with(TESTKIT) {
                continue;
            }
            for (line, code) in RustSource::new(text).product_lines() {
                for panic in PANICS.iter().filter(|panic| calls(code, panic)) {
                    findings.push(Finding::new(
                        path,
                        line,
                        format!("{panic} outside tests"),
                        "return a typed error, or expect(\"the guarantee that makes it impossible\")",
                    ));
                }
            }
        }
        findings
    }
}

fn calls(code: &str, panic: &str) -> bool {
    code.match_indices(panic)
        .any(|(start, _)| panic.starts_with('.') || !code[..start].ends_with(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_found_in_code_and_not_in_comments_texts_or_tests() {
        let text = "//! x\nfn one() {\n    two().unwrap();\n    // .unwrap()\n    let _ = \"panic!\";\n    unwrap_or(3);\n}\n#[cfg(test)]\nmod tests {\n    fn three() { two().unwrap(); }\n}\n";
        let repository = Repository::of(&[
            ("crates/a/src/one.rs", text),
            ("crates/a/tests/main.rs", "fn x() { y().unwrap(); }"),
            ("crates/testkit/src/lib.rs", "fn x() { y().unwrap(); }"),
        ]);
        let lines: Vec<usize> =
            Panics.findings(&repository).into_iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [3]);
    }
}
