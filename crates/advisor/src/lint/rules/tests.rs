//! The list is whole, and every rule finds its own example and not the better one.

use std::collections::BTreeSet;

use super::{About, RULES};
use crate::lint::{Finding, Input, Profile, Report, SchemaState, Severity};

fn judged(about: &About, text: &str) -> Report {
    let name = if about.name == "missing-down" { "1_x.up.sql" } else { "1_x.sql" };
    let input = Input {
        earlier: vec![("0_given.sql".to_owned(), about.given.to_owned())],
        judged: vec![(name.to_owned(), text.to_owned())],
        ..Input::default()
    };
    crate::lint::lint(input, SchemaState::default(), &Profile::default())
}

fn found<'r>(report: &'r Report, rule: &str) -> Vec<&'r Finding> {
    report.findings.iter().filter(|finding| finding.rule == rule).collect()
}

#[test]
fn the_list_has_every_rule_of_the_directory() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lint/rules");
    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
        .filter(|name| !["mod", "tests"].contains(&name.as_str()))
        .collect();
    let names: BTreeSet<String> = RULES.iter().map(|rule| rule.about().name.to_owned()).collect();
    assert_eq!(files, names);
    assert_eq!(names.len(), RULES.len(), "a name is used twice");
}

#[test]
fn every_rule_finds_its_bad_example() {
    for about in RULES.iter().map(|rule| rule.about()).chain(crate::lint::about_files()) {
        let report = judged(about, about.bad);
        let found = found(&report, about.name);
        assert!(!found.is_empty(), "{}: {:#?}", about.name, report.findings);
        assert_eq!(found[0].severity, about_severity(about), "{}", about.name);
    }
}

/// What the example of a rule shows where a rule has several severities.
fn about_severity(about: &About) -> Severity {
    match about.name {
        "unbounded-data-change" => Severity::Error,
        _ => about.severity,
    }
}

#[test]
fn no_rule_finds_anything_in_its_good_example() {
    for about in RULES.iter().map(|rule| rule.about()).chain(crate::lint::about_files()) {
        if about.name == "missing-down" {
            continue;
        }
        let report = judged(about, about.good);
        let own = found(&report, about.name);
        assert!(own.is_empty(), "{}: {own:#?}", about.name);
        // What stands as the better way must not be an error by another rule either.
        let errors: Vec<_> =
            report.findings.iter().filter(|it| it.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", about.name);
    }
}

#[test]
fn texts_read_as_sentences_and_clauses() {
    for about in RULES.iter().map(|rule| rule.about()).chain(crate::lint::about_files()) {
        let name = about.name;
        assert!(about.summary.ends_with('.'), "{name}: {}", about.summary);
        assert!(about.why.ends_with('.') && about.why.len() > 60, "{name}: {}", about.why);
        assert!(
            !about.remedy.ends_with('.') && about.remedy.len() > 15,
            "{name}: {}",
            about.remedy
        );
        assert!(!about.remedy.starts_with(char::is_uppercase), "{name}: {}", about.remedy);
    }
}
