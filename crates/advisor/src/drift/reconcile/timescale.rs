//! What TimescaleDB keeps: chunk intervals, compression, aggregates and policies.

use std::collections::BTreeSet;

use super::alter::Altered;
use super::statement::{Site, Statement, quoted};
use crate::drift::schema::{Key, Kind, Object};

/// Calls a function of the extension.
fn call(site: &Site<'_>, key: &Key, function: &str, arguments: &str) -> Statement {
    let schema = site.timescale_schema();
    Statement::light(key, format!("select {schema}.{function}({arguments})"))
}

pub(super) fn create_hypertable(site: &Site<'_>, key: &Key, object: &Object) -> Vec<Statement> {
    let column = object.fact("partitioned by").split(", ").next().unwrap_or_default();
    let is_new = site.created.contains(&Key { kind: Kind::Table, ..key.clone() });
    let moving = if is_new { "" } else { ", migrate_data => true" };
    let arguments = format!(
        "{}, {}, chunk_time_interval => {}, create_default_indexes => false{moving}",
        quoted(&key.qualified()),
        quoted(column.trim_matches('"')),
        interval(object.fact("chunk interval")),
    );
    let making = call(site, key, "create_hypertable", &arguments);
    let mut statements = vec![if is_new { making } else { making.heavy() }];
    statements.extend(compression(key, object));
    statements
}

/// Chunks of integers have a number, those of time an interval.
fn interval(text: &str) -> String {
    if text.parse::<i64>().is_ok() { text.to_owned() } else { format!("interval {}", quoted(text)) }
}

fn compression(key: &Key, object: &Object) -> Option<Statement> {
    if object.fact("compression").is_empty() {
        return None;
    }
    let mut sql = format!("alter table {} set (timescaledb.compress", key.qualified());
    for (setting, fact) in [("segmentby", "segment by"), ("orderby", "order by")] {
        if !object.fact(fact).is_empty() {
            let value = quoted(object.fact(fact));
            sql.push_str(&format!(", timescaledb.compress_{setting} = {value}"));
        }
    }
    sql.push(')');
    Some(Statement::light(key, sql))
}

pub(super) fn alter_hypertable(
    site: &Site<'_>,
    key: &Key,
    (_, declared): (&Object, &Object),
    facts: &BTreeSet<&str>,
) -> Altered {
    if facts.contains("partitioned by") {
        return Altered::ByHand("its dimensions cannot be changed in place".to_owned());
    }
    let mut statements = Vec::new();
    if facts.contains("chunk interval") {
        let (table, length) = (quoted(&key.qualified()), interval(declared.fact("chunk interval")));
        let arguments = format!("{table}, {length}");
        statements.push(call(site, key, "set_chunk_time_interval", &arguments));
    }
    if ["compression", "segment by", "order by"].iter().any(|fact| facts.contains(fact)) {
        let off = format!("alter table {} set (timescaledb.compress = false)", key.qualified());
        statements.push(compression(key, declared).unwrap_or_else(|| Statement::light(key, off)));
    }
    Altered::By(statements)
}

pub(super) fn create_aggregate(key: &Key, object: &Object) -> Vec<Statement> {
    let only = object.fact("reads") == "what is materialised";
    let name = key.qualified();
    let mut statements = vec![
        Statement::light(
            key,
            format!(
                "create materialized view {name} with (timescaledb.continuous, \
                 timescaledb.materialized_only = {only}) as\n{}\nwith no data",
                object.fact("definition")
            ),
        )
        .heavy()
        .alone(),
    ];
    if !object.fact("compression").is_empty() {
        let sql = format!("alter materialized view {name} set (timescaledb.compress)");
        statements.push(Statement::light(key, sql));
    }
    statements
}

/// Adds a policy, by the function that is named after the procedure that it runs.
pub(super) fn create_job(site: &Site<'_>, key: &Key, object: &Object) -> Vec<Statement> {
    let relation = quoted(&key.qualified_relation());
    let settings: serde_json::Value =
        serde_json::from_str(object.fact("settings")).unwrap_or_default();
    let setting = |name: &str| -> String {
        match settings.get(name) {
            Some(serde_json::Value::String(text)) => interval(text),
            Some(serde_json::Value::Number(number)) => number.to_string(),
            _ => "null".to_owned(),
        }
    };
    let every = interval(object.fact("every"));
    let (function, arguments) = match key.name.as_str() {
        "policy_compression" => (
            "add_compression_policy",
            format!("{relation}, compress_after => {}", setting("compress_after")),
        ),
        "policy_retention" => {
            ("add_retention_policy", format!("{relation}, drop_after => {}", setting("drop_after")))
        }
        "policy_refresh_continuous_aggregate" => (
            "add_continuous_aggregate_policy",
            format!(
                "{relation}, start_offset => {}, end_offset => {}, schedule_interval => {every}",
                setting("start_offset"),
                setting("end_offset")
            ),
        ),
        _ => return Vec::new(),
    };
    vec![call(site, key, function, &arguments)]
}

pub(super) fn drop_job(site: &Site<'_>, key: &Key) -> Vec<Statement> {
    let function = match key.name.as_str() {
        "policy_compression" => "remove_compression_policy",
        "policy_retention" => "remove_retention_policy",
        "policy_refresh_continuous_aggregate" => "remove_continuous_aggregate_policy",
        _ => return Vec::new(),
    };
    vec![call(site, key, function, &quoted(&key.qualified_relation()))]
}
