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
        [
            "completions",
            "demo",
            "manual",
            "operation list",
            "operation run",
            "serve",
            "simulate square",
            "worker",
        ]
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
async fn a_shell_learns_every_command_and_no_setting() {
    let directory = tempfile::tempdir().unwrap();
    let listed = call(&directory, "operation list").await.succeeds().data();
    let names = listed.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap());
    let words: Vec<&str> = names.flat_map(|name| name.split(' ')).collect();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let line = format!("completions {shell} --database-url postgresql://me:hidden@nowhere/it");
        let answer = call(&directory, &line).await.succeeds();
        for word in words.iter().chain(&["--unknown-stores", "completions"]) {
            assert!(answer.stdout.contains(word.trim_start_matches('-')), "{shell}: {word}");
        }
        assert!(!answer.stdout.contains("hidden") && answer.stderr.is_empty(), "{shell}");
    }
    let said = call(&directory, "completions tcsh").await.fails_with(2);
    assert!(said.contains("bash"), "{said}");
    // The shell itself finds nothing wrong with it, and completes by it.
    let script = call(&directory, "completions bash").await.succeeds().stdout;
    std::fs::write(directory.path().join("completions"), script).unwrap();
    let complete = "source ./completions; COMP_WORDS=(shelfops quarantine re); COMP_CWORD=2; \
                    _shelfops shelfops re quarantine; echo ${COMPREPLY[@]}";
    let shell = std::process::Command::new("bash")
        .args(["--noprofile", "--norc", "-c", complete])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(shell.stdout).unwrap(), "replay\n", "{:?}", shell.stderr);
}

#[tokio::test]
async fn every_command_has_a_manual_page() {
    let directory = tempfile::tempdir().unwrap();
    let whole = call(&directory, "manual").await.succeeds().stdout;
    for part in [".TH shelfops 1", ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", "quarantine"] {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    let listed = call(&directory, "operation list").await.succeeds().data();
    for operation in listed.as_array().unwrap() {
        let name = operation["name"].as_str().unwrap();
        let page = call(&directory, &format!("manual {name}")).await.succeeds().stdout;
        let title = format!(".TH shelfops-{} 1", name.replace(' ', "-"));
        assert!(page.contains(&title) && page.contains(".SH SYNOPSIS"), "{name}: {page}");
    }
    let line = "--database-url postgresql://me:hidden@nowhere/it manual quarantine replay";
    let page = call(&directory, line).await.succeeds().stdout;
    assert!(page.contains("DATABASE_URL") && !page.contains("hidden"), "{page}");
    let said = call(&directory, "manual quarantine repeat").await.fails_with(2);
    assert!(said.contains("'quarantine repeat'"), "{said}");
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
