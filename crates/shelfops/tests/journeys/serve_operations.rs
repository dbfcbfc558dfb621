//! Operations over HTTP: the same as on the command line, and described as they are.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::serve_keys::OPERATOR;
use crate::fixture::{Server, Vendor, csv, dirty_sales, shop};

fn validator(schema: &Value) -> Validator {
    jsonschema::options().build(schema).unwrap()
}

#[track_caller]
fn assert_valid(validator: &Validator, value: &Value, what: &str) {
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

/// Returns a schema of the document with everything that it names.
fn schema(document: &Value, name: &str) -> Value {
    json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": document["components"],
    })
}

#[tokio::test]
async fn the_description_is_openapi_and_open() {
    let shop = shop().await;
    let server = Server::of(&shop, &[]).await;
    let reply = server.get("/api/v1/openapi.json").send().await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let document = reply.succeeds();
    // Read by somebody else's types: a field that OpenAPI does not have this way is refused.
    let read = oas3::from_json(&reply.body).unwrap();
    assert_eq!(read.openapi, "3.1.0");
    let ids: Vec<String> =
        read.operations().filter_map(|(_, _, operation)| operation.operation_id.clone()).collect();
    let different: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), different.len(), "{ids:?}");
    assert_eq!(ids.len(), read.operations().count());
    // Its schemas are of JSON Schema 2020-12.
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}: {schema}");
        assert!(!schema.to_string().contains("$defs"), "{name}");
    }
}

/// One call of each operation.
fn calls(id: &Value) -> Vec<(&'static str, Value)> {
    let acme = || json!({ "tenant": "acme" });
    let of = |source: &str| json!({ "tenant": "acme", "source": source });
    let with = |mut input: Value, name: &str, value: Value| {
        input[name] = value;
        input
    };
    let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
    let (today, yesterday) = (today.to_string(), today.yesterday().unwrap().to_string());
    let job = || json!({ "job": 1, "tenant": "acme" });
    vec![
        ("doctor", json!({})),
        ("migrate-up", json!({})),
        ("migrate-down", json!({ "steps": 0 })),
        ("migrate-status", json!({})),
        ("tenant-add", json!({ "slug": "charly", "currency": "USD", "time_zone": "UTC" })),
        ("tenant-list", json!({})),
        ("tenant-show", json!({ "slug": "acme" })),
        ("api-key-add", json!({ "name": "till", "tenant": "acme", "expires_in_days": 3 })),
        ("api-key-list", acme()),
        ("api-key-revoke", json!({ "name": "till", "tenant": "acme" })),
        ("import", json!({ "files": ["more.csv"], "tenant": "acme", "kind": "stores" })),
        ("sync-list", acme()),
        ("quality-rules", json!({ "rule": "known-store" })),
        ("quarantine-list", acme()),
        ("quarantine-show", json!({ "id": id, "tenant": "acme" })),
        ("quarantine-replay", acme()),
        ("quarantine-discard", json!({ "tenant": "acme", "rule": "known-store", "reason": "x" })),
        ("migrate-lint", json!({ "files": ["safe.sql"] })),
        ("migrate-drift", json!({})),
        ("migrate-rehearse", json!({ "files": ["safe.sql"], "percent": 10.0 })),
        ("schema-list", json!({ "schema": "public" })),
        ("schema-show", json!({ "relation": "stores" })),
        ("schema-design", json!({ "from_intent": "a table of supplier performance" })),
        ("plan-list", json!({})),
        ("plan-show", json!({ "plan": 1 })),
        ("plan-approve", json!({ "plan": 1 })),
        ("plan-reject", json!({ "plan": 1 })),
        ("plan-apply", json!({ "plan": 1 })),
        ("query-top", json!({ "threshold": 0 })),
        ("query-explain", json!({ "sql": "select 1", "analyze": true })),
        ("query-advise", json!({ "sql": "select 1", "tenant": "acme", "time": 1 })),
        ("query-mute", json!({ "id": "4711", "reason": "x" })),
        ("timeseries-list", json!({})),
        ("timeseries-plan", json!({ "retain": "10 years" })),
        ("timeseries-show", json!({ "table": "transactions" })),
        ("integration-types", json!({})),
        ("integration-add", with(of("second"), "connector", json!("square"))),
        ("integration-connect", of("second")),
        ("integration-check", of("square")),
        ("integration-list", acme()),
        ("integration-show", of("square")),
        ("integration-remove", of("second")),
        ("secret-rotate", json!({})),
        ("sync-run", with(of("square"), "stream", json!(["stores", "products"]))),
        ("sync-backfill", with(of("square"), "from", json!(today))),
        ("sync-reconcile", with(of("square"), "day", json!(yesterday))),
        ("sync-show", of("square")),
        ("job-list", acme()),
        ("job-show", job()),
        ("job-run", job()),
        ("job-pause", job()),
        ("job-resume", job()),
        ("schedule-list", acme()),
        (
            "schedule-set",
            with(with(of("square"), "stream", json!("transactions")), "pause", json!(true)),
        ),
    ]
}

/// Of what is not there they say so.
const NOT_FOUND: [&str; 9] = [
    "job-show",
    "job-run",
    "job-pause",
    "job-resume",
    "query-mute",
    "plan-show",
    // Nobody can be told from a program over HTTP.
    "plan-approve",
    "plan-reject",
    "plan-apply",
];

#[tokio::test]
async fn every_operation_is_described_and_answers_as_described() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&dirty_sales(300)));
    shop.import_sales("sales.csv", &[]).await;
    let vendor = Vendor::start(|config| {
        config.merchants[0].history_days = 1;
        config.merchants[0].orders_per_day = 20;
    });
    let vendor = vendor.await;
    vendor.connect(&shop, "integration add square --tenant acme").await.succeeds();
    let command = vendor.command(&shop).env("SHELFOPS_OPERATOR_KEY", OPERATOR);
    let server = Server::start(command, &[]).await;
    let document = server.get("/api/v1/openapi.json").send().await.succeeds();
    let listed = server.get("/api/v1/operations").key(OPERATOR).send().await.succeeds();
    let on_the_command_line = shop.call("operation list").await.succeeds().json();
    assert_eq!(listed, on_the_command_line);

    shop.write("more.csv", "store_id,name\nS9,Nine\n");
    shop.write("safe.sql", "comment on table stores is 'Shops.';\n");
    let waiting =
        server.call("quarantine-list", &json!({ "tenant": "acme", "rule": "known-store" }));
    let waiting = waiting.key(OPERATOR).send().await.succeeds();
    let calls = calls(&waiting["data"][0]["id"]);
    for operation in listed["data"].as_array().unwrap() {
        let name = operation["name"].as_str().unwrap().replace(' ', "-");
        let (_, input) = calls
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("{name} is not called here: add a call"));
        let described = &document["paths"][format!("/api/v1/operations/{name}")]["post"];
        let named = |at: &Value| {
            let target = at["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
            target.rsplit_once('/').unwrap().1.to_owned()
        };
        let input_schema = schema(&document, &named(&described["requestBody"]));
        let output_schema = schema(&document, &named(&described["responses"]["200"]));
        assert_valid(&validator(&input_schema), input, &format!("input of {name}"));
        let reply = server.call(&name, input).key(OPERATOR).send().await;
        if reply.status == 200 {
            assert_valid(&validator(&output_schema), &reply.json(), &format!("output of {name}"));
            assert!(reply.header("x-shelfops-verdict").is_some(), "{reply:?}");
        } else {
            let problem = schema(&document, "Problem");
            assert_valid(&validator(&problem), &reply.json(), &format!("problem of {name}"));
            let is_expected = name == "migrate-down" || NOT_FOUND.contains(&&*name);
            assert!(is_expected, "{name}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn http_answers_what_the_command_line_answers() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let server = Server::of(&shop, &[]).await;
    for (operation, input, line) in [
        ("tenant-show", json!({ "slug": "acme" }), "tenant show acme"),
        ("sync-list", json!({ "tenant": "acme", "limit": 1 }), "sync list --tenant acme --limit 1"),
        ("quality-rules", json!({}), "quality rules"),
    ] {
        let asked = server.call(operation, &input).key(&key).send().await.succeeds();
        let run = shop.run(line.split(' ').chain(["--output", "json"])).await.succeeds().json();
        assert_eq!(asked, run, "{operation}");
    }
    // No body at all is an input without fields.
    let bare = server.ask("POST", "/api/v1/operations/quality-rules").key(&key).send().await;
    bare.succeeds();
}
