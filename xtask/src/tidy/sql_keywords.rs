//! SQL is written in lower case, as it is read.

use super::repository::Repository;
use super::{Check, Finding};

/// What begins a line of SQL that shouts.
const KEYWORDS: &[&str] = &[
    "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "FROM ", "WHERE ", "CREATE ", "ALTER ", "DROP ",
    "GRANT ", "REVOKE ",
];

/// The case of SQL.
pub(super) struct SqlKeywords;

impl Check for SqlKeywords {
    fn name(&self) -> &'static str {
        "sql-keywords"
    }

    fn why(&self) -> &'static str {
        "keywords are coloured everywhere; names are what a reader looks for"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (path, text) in repository.ending(".sql") {
            // Samples of other people's SQL are as other people write.
            if repository.is_test(path) || path.contains("/fixtures/") {
                continue;
            }
            for (number, line) in (1..).zip(text.lines()) {
                let statement = line.trim_start();
                if let Some(keyword) = KEYWORDS.iter().find(|each| statement.starts_with(**each)) {
                    let what = format!("{keyword}in capitals");
                    findings.push(Finding::new(path, number, what, "write keywords in lower case"));
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
    fn capitals_at_the_start_of_a_line_are_found() {
        let text = "select 1;\n  SELECT 2;\n-- SELECT 3\ninsert into t values ('DELETE ');\n";
        let repository =
            Repository::of(&[("crates/db/a.sql", text), ("crates/advisor/tests/b.sql", text)]);
        let findings = SqlKeywords.findings(&repository);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].line, 2);
    }
}
