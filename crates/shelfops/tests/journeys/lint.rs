//! Migrations are judged: in files, from stdin, with the database, and for code hosts.

use std::path::Path;

use tempfile::TempDir;

use crate::fixture::{Command, shop};

/// An index that keeps writers waiting, on one of our own tables.
const HAZARD: &str = "create index stores_city on stores (customer_id, city);\n";

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

fn lint(directory: &Path, line: &str) -> Command {
    Command::new(directory).args("migrate lint".split(' ')).args(line.split(' '))
}

#[tokio::test]
async fn a_hazard_is_shown_with_its_line_and_ends_with_three() {
    let directory = directory(&[("1_add.sql", HAZARD), ("2_more.sql", "select 1;")]);
    let answer = lint(directory.path(), "1_add.sql").run().await;
    let answer = answer.exits_with(3);
    let shown = &answer.stdout;
    assert!(shown.starts_with("error[index-without-concurrently]: "), "{shown}");
    assert!(shown.contains(" --> 1_add.sql:1:1\n") && shown.contains("\n  | ^^^^"), "{shown}");
    assert!(answer.stderr.contains("1 error, 0 warnings, 0 notes: 1 statement in 1 file"));
    let good = lint(directory.path(), "2_more.sql").run().await.succeeds();
    assert_eq!(good.stdout, "");
}

#[tokio::test]
async fn programs_get_json_and_code_hosts_get_sarif() {
    let directory = directory(&[("1_add.sql", HAZARD)]);
    let json = lint(directory.path(), "1_add.sql --output json").run().await;
    let finding = &json.data()["findings"][0];
    assert_eq!(finding["rule"], "index-without-concurrently");
    assert_eq!((finding["line"].as_u64(), finding["end_column"].as_u64()), (Some(1), Some(55)));
    let sarif = lint(directory.path(), "1_add.sql --format sarif").run().await;
    let log = sarif.json();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "index-without-concurrently");
}

#[tokio::test]
async fn stdin_is_judged_after_what_was_applied_before() {
    let directory = directory(&[
        ("schema.sql", "create table places (id bigint primary key, name varchar(50));"),
        ("wide.sql", "alter table places alter column name type varchar(80);"),
        ("narrow.sql", "alter table places alter column name type varchar(20);"),
    ]);
    let line = "- --after schema.sql --profile general";
    let from = |name: &str| lint(directory.path(), line).stdin(&directory.path().join(name));
    from("wide.sql").run().await.succeeds();
    let narrow = from("narrow.sql").run().await.exits_with(3);
    assert!(narrow.stdout.contains("`name` from varchar(50) to varchar(20)"));
}

#[tokio::test]
async fn the_database_tells_that_a_table_is_small() {
    let shop = shop().await;
    shop.write("1_add.sql", HAZARD);
    let answer = shop.call("migrate lint 1_add.sql --database").await.succeeds();
    assert!(answer.stdout.contains("note[index-without-concurrently]"), "{answer}");
    assert!(answer.stdout.contains("seen: the table is small"), "{answer}");
}

#[tokio::test]
async fn our_own_migrations_pass() {
    let directory = tempfile::tempdir().unwrap();
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/../db/migrations");
    let answer = lint(directory.path(), migrations).run().await.succeeds();
    assert!(answer.stderr.contains("0 errors, 0 warnings"), "{answer}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let directory = directory(&[]);
    let told = lint(directory.path(), "nowhere.sql").run().await.fails_with(5);
    assert!(told.contains("nowhere.sql does not exist"), "{told}");
}
