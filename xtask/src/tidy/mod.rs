//! `cargo x tidy`: the house rules that can be counted, one check a file.
//!
//! A check says file, line, what, why and what to do. An exception needs a reason and a date, in
//! `xtask/exceptions.toml`.

mod dependency_edges;
mod dependency_rooms;
mod exceptions;
mod file_headings;
mod file_length;
mod function_length;
mod machine_traces;
mod manifests;
mod markdown_links;
mod migration_pairs;
mod module_names;
mod panics;
mod registries;
mod repository;
mod rust_source;
mod sql_keywords;
mod sql_line_length;
mod vendor_words;

use std::io::Write as _;
use std::path::Path;

use exceptions::Exceptions;
use repository::Repository;

use crate::Outcome;

/// Every check, in the order their findings are shown.
const CHECKS: &[&dyn Check] = &[
    &dependency_edges::DependencyEdges,
    &dependency_rooms::DependencyRooms,
    &file_headings::FileHeadings,
    &file_length::FileLength,
    &function_length::FunctionLength,
    &module_names::ModuleNames,
    &registries::Registries,
    &panics::Panics,
    &vendor_words::VendorWords,
    &machine_traces::MachineTraces,
    &markdown_links::MarkdownLinks,
    &migration_pairs::MigrationPairs,
    &sql_keywords::SqlKeywords,
    &sql_line_length::SqlLineLength,
];

/// One house rule.
trait Check {
    /// Returns the rule's name.
    fn name(&self) -> &'static str;

    /// Returns why there is such a rule.
    fn why(&self) -> &'static str;

    /// Returns every place that breaks the rule.
    fn findings(&self, repository: &Repository) -> Vec<Finding>;
}

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// Counts from 1.
    line: usize,
    /// What is there.
    what: String,
    /// What to do about it.
    remedy: String,
}

/// Checks the repository at `root` and prints what was found.
pub(crate) fn run(root: &Path) -> anyhow::Result<Outcome> {
    let repository = Repository::open(root)?;
    let mut exceptions = Exceptions::open(root)?;
    let mut out = std::io::stdout().lock();
    let mut count = 0;
    for check in CHECKS {
        let mut findings = check.findings(&repository);
        findings.retain(|finding| !exceptions.cover(check.name(), &finding.path));
        findings.sort();
        for finding in &findings {
            let Finding { path, line, what, remedy } = finding;
            writeln!(out, "error[{}]: {path}:{line}: {what}", check.name())?;
            writeln!(out, "  do:  {remedy}")?;
        }
        if !findings.is_empty() {
            writeln!(out, "  why: {}\n", check.why())?;
        }
        count += findings.len();
    }
    for stale in exceptions.stale() {
        writeln!(out, "error[exceptions]: {}: {stale}", exceptions::PATH)?;
        count += 1;
    }
    let checked = repository.file_count();
    writeln!(out, "tidy: {count} findings in {checked} files, {} checks", CHECKS.len())?;
    Ok(if count == 0 { Outcome::Clean } else { Outcome::Found })
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), remedy: remedy.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_name_of_its_own_and_a_reason() {
        let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
        assert!(CHECKS.iter().all(|check| !check.why().is_empty()));
    }
}
