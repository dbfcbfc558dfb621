//! Vendors' names stay where vendors are spoken to.
//!
//! What only tests compile may name them: journeys run against the simulators.

use super::repository::Repository;
use super::rust_source::RustSource;
use super::{Check, Finding};

/// The vendors, written so that this file does not name them.
const VENDORS: &[&str] = &[concat!("squ", "are"), concat!("shop", "ify"), concat!("net", "suite")];

/// Where their names belong: what begins so.
const ROOMS: &[&str] = &[
    "crates/integrations/",
    "crates/simulators/",
    // The command that runs a stand-in says which.
    "crates/shelfops/src/simulate.rs",
    // The demonstration has one at hand.
    "crates/shelfops/src/demo/vendor.rs",
    // The benchmarks read from one.
    "bench/src/vendor/",
    "docs/",
    "skills/",
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
];

/// What begins the example of a command's help: it must be one that can be typed.
const EXAMPLE: &str = "\"Example: shelfops ";

/// Vendors' names.
pub(super) struct VendorWords;

impl Check for VendorWords {
    fn name(&self) -> &'static str {
        "vendor-words"
    }

    fn why(&self) -> &'static str {
        "a vendor known in one room is replaced there; one known everywhere is never replaced"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (path, text) in repository.files() {
            if ROOMS.iter().any(|room| path.starts_with(room)) || repository.is_test(path) {
                continue;
            }
            let source = path.ends_with(".rs").then(|| RustSource::new(text));
            for (line, words) in (1..).zip(text.lines()) {
                let is_test = source.as_ref().is_some_and(|source| source.is_test_line(line));
                if is_test || words.contains(EXAMPLE) {
                    continue;
                }
                for vendor in VENDORS.iter().filter(|vendor| names(words, vendor)) {
                    findings.push(Finding::new(
                        path,
                        line,
                        format!("names the vendor {vendor}"),
                        "ask the connector for what differs, or move this to its folder",
                    ));
                }
            }
        }
        findings
    }
}

/// Whether a line has the word, alone or as a part of a name: `word_id` and `WordId`, not `words`.
fn names(line: &str, word: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    lower.match_indices(word).any(|(start, _)| {
        let found = &line[start..start + word.len()];
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let begins = before.is_none_or(|before| {
            !before.is_alphabetic()
                || (before.is_lowercase() && found.starts_with(char::is_uppercase))
        });
        let ends = after.is_none_or(|after| {
            !after.is_alphabetic() || (after.is_uppercase() && found.ends_with(char::is_lowercase))
        });
        begins && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_are_found_alone_and_inside_names() {
        for line in ["a square b", "SquareClient", "square_id", "our SQUARE", "newSquareId"] {
            assert!(names(line, VENDORS[0]), "{line}");
        }
        for line in ["squares", "squared", "foursquare", "SQUARES"] {
            assert!(!names(line, VENDORS[0]), "{line}");
        }
    }

    #[test]
    fn their_rooms_and_tests_may_name_them() {
        let text = format!("//! {}\n", VENDORS[1]);
        let tested = format!("//! x\n#[cfg(test)]\nmod tests {{\n    // {}\n}}\n", VENDORS[2]);
        let repository = Repository::of(&[
            ("crates/integrations/src/one/mod.rs", &text),
            ("crates/shelfops/tests/main.rs", &text),
            ("crates/shelfops/src/tested.rs", &tested),
            ("crates/shelfops/src/lib.rs", &text),
        ]);
        let findings = VendorWords.findings(&repository);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].path, "crates/shelfops/src/lib.rs");
    }
}
