//! Tests the search on directories that hold pretended installations.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// Makes a directory whose `postgres` claims to be of `version`.
fn pretend(parent: &Path, name: &str, version: &str) -> PathBuf {
    let directory = parent.join(name).join("bin");
    fs::create_dir_all(&directory).unwrap();
    for program in ["postgres", "initdb", "pg_ctl"] {
        let path = directory.join(program);
        fs::write(&path, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    directory.canonicalize().unwrap()
}

fn found(preferred: Vec<PathBuf>, packaged: Vec<PathBuf>) -> Result<String, FindError> {
    let places = Places::for_test(preferred, packaged);
    Installation::search(&places, None).map(|found| found.version().to_string())
}

#[test]
fn the_newest_packaged_version_wins() {
    let root = tempfile::tempdir().unwrap();
    let old = pretend(root.path(), "15", "15.20");
    let new = pretend(root.path(), "17", "17.2");
    assert_eq!(found(vec![], vec![old, new]).unwrap(), "17.2");
}

#[test]
fn a_preferred_place_wins_over_a_newer_package_unless_it_is_too_old() {
    let root = tempfile::tempdir().unwrap();
    let preferred = pretend(root.path(), "mine", "15.1");
    let too_old = pretend(root.path(), "old", "13.9");
    let packaged = pretend(root.path(), "17", "17.2");
    assert_eq!(found(vec![preferred], vec![packaged.clone()]).unwrap(), "15.1");
    assert_eq!(found(vec![too_old], vec![packaged]).unwrap(), "17.2");
}

#[test]
fn links_lead_to_the_real_directory() {
    let root = tempfile::tempdir().unwrap();
    let real = pretend(root.path(), "17", "17.2");
    let links = root.path().join("links");
    fs::create_dir(&links).unwrap();
    std::os::unix::fs::symlink(real.join("postgres"), links.join("postgres")).unwrap();

    let installation = Installation::at(&links).unwrap();

    assert_eq!(installation.binary_directory(), real);
    assert_eq!(installation.program("pg_dump"), real.join("pg_dump"));
}

#[test]
fn libraries_are_found_without_pg_config() {
    let root = tempfile::tempdir().unwrap();
    let directory = pretend(root.path(), "17", "17.2");
    let libraries = directory.parent().unwrap().join("lib/postgresql");
    fs::create_dir_all(&libraries).unwrap();
    fs::write(libraries.join("plpgsql.so"), "").unwrap();
    fs::write(libraries.join("timescaledb.so"), "").unwrap();

    let installation = Installation::at(&directory).unwrap();

    assert_eq!(installation.library_directory(), libraries);
    assert!(installation.has_library("timescaledb"));
    assert!(!installation.has_library("citus"));
}

#[test]
fn the_error_names_places_reasons_and_a_command() {
    let root = tempfile::tempdir().unwrap();
    let too_old = pretend(root.path(), "13", "13.9");
    let incomplete = pretend(root.path(), "16", "16.1");
    fs::remove_file(incomplete.join("initdb")).unwrap();
    let absent = root.path().join("absent");

    let error = found(vec![absent.clone()], vec![too_old, incomplete]).unwrap_err();

    assert_eq!(error.places().count(), 3);
    assert_eq!(error.places().next(), Some(absent.as_path()));
    let text = error.to_string();
    for part in ["13.9 is too old", "no initdb", "no server", "install"] {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
}

#[test]
fn an_explicit_place_that_does_not_do_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let too_old = pretend(root.path(), "13", "13.9");
    let error = Installation::at(&too_old).unwrap_err();
    assert!(error.to_string().contains("SHELFOPS_POSTGRES_BIN"), "{error}");
}

#[test]
fn this_machine_has_a_usable_installation() {
    let installation = Installation::find().unwrap();
    assert!(installation.version().major() >= OLDEST_MAJOR_VERSION);
    assert!(installation.has_library("plpgsql"));
    let same = Installation::find_major(installation.version().major()).unwrap();
    assert_eq!(same.version().major(), installation.version().major());
    let error = Installation::find_major(9).unwrap_err();
    assert!(error.to_string().starts_with("found no PostgreSQL 9;"), "{error}");
}
