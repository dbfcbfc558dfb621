//! Answers: data on stdout alone, talk on stderr alone, each format what it says it is.

use serde_json::Value;

use crate::fixture::{Shop, csv, dirty_sales, shop};

/// Commands that only look, each with whether it answers several rows.
const LOOKS: [&str; 11] = [
    "doctor",
    "migrate status",
    "tenant list",
    "tenant show acme",
    "sync list --tenant acme",
    "quality rules",
    "quality rules known-store",
    "quarantine list --tenant acme",
    "quarantine list --tenant acme --rule known-store",
    "timeseries list",
    "timeseries show transactions",
];

async fn busy_shop() -> Shop {
    let shop = shop().await;
    shop.write("sales.csv", csv(&dirty_sales(500)));
    shop.import_sales("sales.csv", &[]).await;
    shop
}

#[tokio::test]
async fn json_is_one_document_with_its_version() {
    let shop = busy_shop().await;
    for line in LOOKS {
        let answer = shop.call(&format!("{line} --output json")).await.succeeds();
        let body = answer.json();
        assert_eq!(body["schema_version"], 1, "{answer}");
        assert!(body["summary"].as_array().is_some_and(|lines| !lines.is_empty()), "{answer}");
        assert!(body["summary"].as_array().unwrap().len() <= 3, "{answer}");
        assert!(!body["data"].is_null(), "{answer}");
        assert_eq!(answer.stderr, "", "{line}: the document says it all");
    }
}

#[tokio::test]
async fn ndjson_is_one_document_a_row() {
    let shop = busy_shop().await;
    for line in LOOKS {
        let answer = shop.call(&format!("{line} --output ndjson")).await.succeeds();
        let rows: Vec<Value> =
            answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!rows.is_empty() && rows.iter().all(Value::is_object), "{answer}");
    }
}

/// Takes lines of CSV apart: enough of the format for what the program writes.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut characters = text.chars().peekable();
    let mut is_quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            other => field.push(other),
        }
    }
    assert!(record.is_empty() && field.is_empty(), "the last line is ended");
    records
}

#[tokio::test]
async fn csv_has_a_header_and_as_many_fields_in_every_row() {
    let shop = busy_shop().await;
    for line in LOOKS {
        let answer = shop.call(&format!("{line} --output csv")).await.succeeds();
        let records = records(&answer.stdout);
        assert!(records.len() >= 2, "{answer}");
        for record in &records {
            assert_eq!(record.len(), records[0].len(), "{answer}");
        }
        let json = shop.call(&format!("{line} --output ndjson")).await.succeeds();
        assert_eq!(records.len() - 1, json.stdout.lines().count(), "{line}");
    }
}

#[tokio::test]
async fn a_table_is_data_and_what_is_said_besides_goes_to_stderr() {
    let shop = busy_shop().await;
    for line in LOOKS {
        let answer = shop.call(line).await.succeeds();
        assert!(!answer.stdout.is_empty() && !answer.stderr.is_empty(), "{answer}");
        assert!(!answer.stdout.contains("next:") && !answer.stdout.contains("why:"), "{answer}");
        for character in ['{', '}'] {
            assert!(!answer.stdout.contains(character), "JSON is not for people: {answer}");
        }
        let quiet = shop.call(&format!("{line} --quiet")).await.succeeds();
        assert_eq!((quiet.stdout, quiet.stderr.as_str()), (answer.stdout, ""), "{line}");
    }
}

#[tokio::test]
async fn an_import_answers_in_every_format() {
    let shop = shop().await;
    let header = ["file", "stream", "status", "read", "inserted"];
    for (place, format) in ["table", "json", "ndjson", "csv"].into_iter().enumerate() {
        let name = format!("sales-{place}.csv");
        shop.write(&name, csv(&dirty_sales(200 + place as u32)));
        let line = format!("import {name} --tenant acme --kind transactions --output {format}");
        let answer = shop.call(&line).await.succeeds();
        assert!(answer.stdout.contains(&name), "{answer}");
        match format {
            "table" => assert!(!answer.stdout.contains('{'), "{answer}"),
            "ndjson" => {
                let row: Value = serde_json::from_str(&answer.stdout).unwrap();
                assert_eq!(row["file"], name);
            }
            "csv" => {
                let records = records(&answer.stdout);
                assert_eq!(records[0][..5], header, "{answer}");
                assert_eq!(records[1][0], name, "{answer}");
            }
            _ => assert_eq!(answer.data()["files"][0]["file"], name),
        }
    }
}

#[tokio::test]
async fn an_error_is_text_for_people_and_json_for_programs() {
    let shop = shop().await;
    let people = shop.call("tenant show nobody").await.fails_with(5);
    assert!(people.starts_with("error: there is no tenant"), "{people}");
    let quiet = shop.call("tenant show nobody --quiet").await.fails_with(5);
    assert_eq!(quiet, people, "an error is told however quiet it shall be");
    for format in ["json", "ndjson"] {
        let said = shop.call(&format!("tenant show nobody --output {format}")).await.fails_with(5);
        let body: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(body["error"]["kind"], "not-found");
        assert!(body["error"]["message"].as_str().unwrap().contains("nobody"), "{said}");
    }
}

#[tokio::test]
async fn what_the_command_line_can_do_json_can_do() {
    let shop = busy_shop().await;
    let listed = shop.call("operation list").await.succeeds().data();
    let listed = listed.as_array().unwrap();
    assert!(listed.len() > 12);
    for operation in listed {
        for part in ["name", "summary", "effect", "input", "output"] {
            assert!(!operation[part].is_null(), "{operation}");
        }
    }
    let by_json = shop.run(["operation", "run", "tenant show", "--input", "{\"slug\": \"acme\"}"]);
    let by_json = by_json.await.succeeds().json();
    let by_line = shop.call("tenant show acme --output json").await.succeeds().json();
    assert_eq!(by_json, by_line);
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_error() {
    let shop = busy_shop().await;
    let mut running = shop.command().args(["quality", "rules"]).start();
    running.close_stdout();
    let answer = running.end().await.succeeds();
    assert!(!answer.stderr.contains("panicked"), "{answer}");
}
