//! Help: there for every command, and looked at before it changes.

use tempfile::TempDir;

use crate::fixture::{Answer, Command, assert_snapshot};

async fn call(directory: &TempDir, line: &str) -> Answer {
    // A terminal's width would wrap the lines elsewhere.
    Command::new(directory.path()).env("COLUMNS", "100").args(line.split(' ')).run().await
}

#[tokio::test]
async fn every_command_has_help() {
    let directory = tempfile::tempdir().unwrap();
    let listed = call(&directory, "operation list").await.succeeds().data();
    let names = listed.as_array().unwrap().iter().map(|operation| &operation["name"]);
    let mut names: Vec<String> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
    names.extend(
        ["demo", "serve", "simulate square", "worker", "operation list", "operation run"]
            .map(str::to_owned),
    );
    let nouns: Vec<String> =
        names.iter().filter_map(|name| Some(name.split_once(' ')?.0.to_owned())).collect();
    names.extend(nouns);
    for name in names {
        for line in [format!("{name} --help"), format!("help {name}"), format!("{name} -h")] {
            let answer = call(&directory, &line).await.succeeds();
            assert!(answer.stdout.contains("Usage: shelfops"), "{answer}");
            assert_eq!(answer.stderr, "", "{line}");
            let first = answer.stdout.lines().next().unwrap();
            assert!(first.len() > 10 && first != "Nothing to say", "{answer}");
            let widest = answer.stdout.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= 100, "{widest} columns: {answer}");
        }
    }
    assert!(!directory.path().join(".shelfops").exists(), "help starts no server");
}

#[tokio::test]
async fn the_help_says_what_it_said_when_somebody_last_looked() {
    let directory = tempfile::tempdir().unwrap();
    for (line, name) in [
        ("--help", "help.txt"),
        ("import --help", "help-import.txt"),
        ("quarantine --help", "help-quarantine.txt"),
        ("serve --help", "help-serve.txt"),
        ("simulate square --help", "help-simulate-square.txt"),
    ] {
        let answer = call(&directory, line).await.succeeds();
        assert_snapshot(name, &answer.stdout);
    }
}

#[tokio::test]
async fn the_version_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let answer = call(&directory, "--version").await.succeeds();
    assert_eq!(answer.stdout, format!("shelfops {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn the_reference_tells_of_every_command_and_rule() {
    let directory = tempfile::tempdir().unwrap();
    let text = call(&directory, "reference").await.succeeds().stdout;
    for part in [
        "<!-- page: cli.md -->",
        "## `shelfops import`",
        "sales.parquet --tenant acme",
        "## totals-add-up",
        "| `external_id` | yes |",
    ] {
        assert!(text.contains(part), "{part}");
    }
}
