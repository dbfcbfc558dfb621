//! The registry is whole: names, files and nouns agree, and every schema can be shown.

use std::collections::BTreeSet;

use super::{NOUNS, OPERATIONS};

#[test]
fn the_registry_lists_every_operation_of_the_directory() {
    const SHARED: [&str; 7] =
        ["mod", "tests", "context", "error", "operation", "output", "principal"];
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops");
    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .filter(|name| !SHARED.contains(&name.as_str()))
        .collect();
    let names: BTreeSet<String> =
        OPERATIONS.iter().map(|operation| operation.name().replace([' ', '-'], "_")).collect();
    assert_eq!(files, names);
    assert_eq!(names.len(), OPERATIONS.len(), "a name is used twice");
}

#[test]
fn every_noun_is_described_and_used() {
    let used: BTreeSet<&str> = OPERATIONS
        .iter()
        .filter_map(|operation| operation.name().split_once(' '))
        .map(|(noun, _)| noun)
        .collect();
    assert_eq!(used, NOUNS.iter().map(|(noun, _)| *noun).collect());
}

#[test]
fn every_operation_has_schemas_and_a_summary() {
    for operation in OPERATIONS {
        assert!(operation.input_schema().as_object().is_some(), "{}", operation.name());
        assert!(operation.output_schema().as_object().is_some(), "{}", operation.name());
        assert!(operation.summary().len() > 10, "{}", operation.name());
        assert!(!operation.summary().ends_with('.'), "{}", operation.name());
    }
}

#[test]
fn the_command_line_is_consistent() {
    crate::cli::command().debug_assert();
}
