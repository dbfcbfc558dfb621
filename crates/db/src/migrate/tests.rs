//! What can be said of migrations without a database.

use std::collections::BTreeSet;

use super::{MIGRATIONS, has_directive, judge_version};

#[test]
fn the_registry_lists_every_file_of_the_directory_in_order() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".sql"))
        .map(|name| name.replace(".up.sql", "").replace(".down.sql", ""))
        .collect();
    let listed: Vec<String> = MIGRATIONS.iter().map(|known| known.file.to_owned()).collect();
    assert_eq!(listed, files.into_iter().collect::<Vec<_>>());
}

#[test]
fn versions_ascend_and_names_say_something() {
    for pair in MIGRATIONS.windows(2) {
        assert!(pair[0].version() < pair[1].version(), "{} and {}", pair[0].file, pair[1].file);
    }
    for migration in MIGRATIONS {
        assert!(migration.version() > 20_000_000_000_000, "{}", migration.file);
        assert!(migration.name().len() > 5, "{}", migration.file);
        assert!(!migration.down.trim().is_empty(), "{} has no way down", migration.file);
    }
}

#[test]
fn directives_stand_in_the_head_only() {
    assert!(has_directive("-- Why.\n-- shelfops:as-login (roles)\nselect 1", "as-login"));
    assert!(!has_directive("select 1;\n-- shelfops:as-login", "as-login"));
    assert!(!has_directive("-- shelfops:as-login\n", "no-transaction"));
}

#[test]
fn a_server_that_is_too_old_is_refused_and_told_which_it_is() {
    assert!(judge_version(150_000, "15.0").is_ok());
    let said = judge_version(140_011, "14.11").unwrap_err().to_string();
    assert!(said.contains("PostgreSQL 14.11") && said.contains("15 or newer"), "{said}");
}
