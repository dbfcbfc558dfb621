//! SQL is read in lines that end before the screen does, in files and inside Rust.

use super::repository::Repository;
use super::{Check, Finding};

/// The most characters of a line.
const MOST_CHARACTERS: usize = 120;

/// The crate whose Rust holds SQL; what rustfmt leaves long there is a statement.
const SQL_ROOM: &str = "crates/db/src/";

/// The length of lines of SQL.
pub(super) struct SqlLineLength;

impl Check for SqlLineLength {
    fn name(&self) -> &'static str {
        "sql-line-length"
    }

    fn why(&self) -> &'static str {
        "a statement is read clause by clause, and what stands beyond the screen is not read"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let files = repository
            .ending(".sql")
            .chain(repository.ending(".rs").filter(|(path, _)| path.starts_with(SQL_ROOM)));
        let mut findings = Vec::new();
        for (path, text) in files {
            // Samples of other people's SQL are as other people write.
            if repository.is_test(path) || path.contains("/fixtures/") {
                continue;
            }
            for (number, line) in (1..).zip(text.lines()) {
                let length = line.chars().count();
                if length > MOST_CHARACTERS {
                    let what = format!("{length} characters, {MOST_CHARACTERS} are the limit");
                    findings.push(Finding::new(path, number, what, "write one clause a line"));
                }
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_of_sql_are_found_in_files_and_in_the_room_of_sql() {
        let long = format!("select {};\n", "a".repeat(120));
        let repository = Repository::of(&[
            ("crates/db/migrations/a.up.sql", &format!("select 1;\n{long}")),
            ("crates/db/src/models/a.rs", &long),
            ("crates/ingest/src/a.rs", &long),
            ("crates/advisor/tests/b.sql", &long),
        ]);
        let findings = SqlLineLength.findings(&repository);
        let found: Vec<_> =
            findings.iter().map(|found| (found.path.as_str(), found.line)).collect();
        assert_eq!(found, [("crates/db/migrations/a.up.sql", 2), ("crates/db/src/models/a.rs", 1)]);
    }
}
