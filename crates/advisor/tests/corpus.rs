//! Migrations with a known hazard and migrations without: what is caught, and what is a false alarm.
//!
//! The first line of each file says what it is: `-- expect: RULE` or `-- expect: nothing`. Those behind
//! `-- data: VERDICT` only show in a rehearsal, on rows: `rehearsal::lint_corpus` runs them, and all others.

use std::fs;
use std::path::{Path, PathBuf};

use shelfops_advisor::lint::{Input, Profile, Report, SchemaState, Severity, lint, text};

pub(crate) fn files(kind: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(kind);
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    files
}

/// Returns what linting finds that somebody must hear of.
pub(crate) fn alarms(path: &Path) -> Vec<String> {
    let loud = judged(path).findings.into_iter().filter(|it| it.severity > Severity::Note);
    loud.map(|it| format!("{} {}", it.severity, it.rule)).collect()
}

fn judged(path: &Path) -> Report {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/schema.sql");
    let input = Input::read(&[path.to_owned()], &[schema]).unwrap();
    lint(input, SchemaState::default(), &Profile::default())
}

pub(crate) fn expected(path: &Path) -> String {
    said(path, "-- expect: ").unwrap_or_else(|| panic!("{}", path.display()))
}

/// Returns the verdict of a rehearsal on what only shows on rows.
pub(crate) fn on_rows(path: &Path) -> Option<String> {
    said(path, "-- data: ")
}

fn said(path: &Path, mark: &str) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().next().unwrap_or_default().strip_prefix(mark).map(str::to_owned)
}

#[test]
fn every_hazard_is_caught_by_the_rule_that_is_meant() {
    let mut files = files("hazardous");
    files.retain(|path| on_rows(path).is_none());
    assert!(files.len() >= 30, "{} files", files.len());
    let mut missed = Vec::new();
    for path in &files {
        let (hits, rule) = (alarms(path), expected(path));
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        println!("{name:<55} {}", hits.join(", "));
        if !hits.iter().any(|hit| hit.ends_with(&format!(" {rule}"))) {
            missed.push(format!("{name}: expected {rule}\n{}", text(&judged(path))));
        }
    }
    println!("{} of {} caught", files.len() - missed.len(), files.len());
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn no_safe_migration_raises_an_alarm() {
    let files = files("safe");
    assert!(files.len() >= 10, "{} files", files.len());
    let mut alarms = Vec::new();
    for path in &files {
        let report = judged(path);
        assert_eq!(expected(path), "nothing", "{}", path.display());
        let loud = report.findings.iter().filter(|it| it.severity > Severity::Note).count();
        let name = path.file_name().unwrap().to_string_lossy();
        println!("{name:<55} {loud} alarms, {} notes", report.findings.len() - loud);
        if loud > 0 {
            alarms.push(text(&report));
        }
    }
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}
