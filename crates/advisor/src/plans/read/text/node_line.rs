//! Reads the line of a node: what it does, its estimates, and what happened.

use serde_json::{Map, Value, json};

use super::property::number;

/// Reads a line such as `Index Scan using k on t a  (cost=0.42..8.44 rows=1 width=77) (actual …)`.
pub(super) fn node_line(line: &str) -> Option<Map<String, Value>> {
    let numbers = ["(cost=", "(actual ", "(never executed)"];
    let start = numbers.iter().filter_map(|marker| line.find(marker)).min()?;
    let (title, rest) = line.split_at_checked(start)?;
    let mut properties = Map::new();
    read_title(&mut properties, title.trim());
    estimates(&mut properties, rest);
    actuals(&mut properties, rest);
    Some(properties)
}

fn estimates(properties: &mut Map<String, Value>, rest: &str) {
    let Some((startup, total)) = field(rest, "cost=").and_then(|cost| cost.split_once("..")) else {
        return;
    };
    properties.insert("Startup Cost".to_owned(), number(startup));
    properties.insert("Total Cost".to_owned(), number(total));
    for (name, key) in [("Plan Rows", "rows="), ("Plan Width", "width=")] {
        if let Some(value) = field(rest, key) {
            properties.insert(name.to_owned(), number(value));
        }
    }
}

fn actuals(properties: &mut Map<String, Value>, rest: &str) {
    if rest.contains("(never executed)") {
        properties.insert("Actual Loops".to_owned(), json!(0));
        return;
    }
    let Some((_, actual)) = rest.split_once("(actual ") else { return };
    if let Some((startup, total)) = field(actual, "time=").and_then(|time| time.split_once("..")) {
        properties.insert("Actual Startup Time".to_owned(), number(startup));
        properties.insert("Actual Total Time".to_owned(), number(total));
    }
    for (name, key) in [("Actual Rows", "rows="), ("Actual Loops", "loops=")] {
        if let Some(value) = field(actual, key) {
            properties.insert(name.to_owned(), number(value));
        }
    }
}

/// Returns what stands behind a key, up to a space or the bracket.
fn field<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let (_, behind) = text.split_once(key)?;
    behind.split([' ', ')']).next()
}

/// Reads what a node does and to what.
fn read_title(properties: &mut Map<String, Value>, title: &str) {
    let mut title = title;
    if let Some(rest) = title.strip_prefix("Parallel ") {
        properties.insert("Parallel Aware".to_owned(), json!(true));
        title = rest;
    }
    for mode in ["Partial", "Finalize"] {
        if let Some(rest) = title.strip_prefix(mode).and_then(|rest| rest.strip_prefix(' ')) {
            put(properties, "Partial Mode", mode);
            title = rest;
        }
    }
    // `Custom Scan (ChunkAppend) on lines`: the bracket is part of the verb.
    let (verb, object) = match title.split_once(" on ") {
        Some((verb, object)) => (verb, Some(object)),
        None => (title, None),
    };
    let (verb, index) = match verb.split_once(" using ") {
        Some((verb, index)) => (verb, Some(index)),
        None => (verb, None),
    };
    let kind = read_verb(properties, verb);
    if let Some(index) = index {
        put(properties, "Index Name", &unquoted(index));
    }
    if let Some(object) = object {
        read_object(properties, &kind, object);
    }
}

/// Reads the words for what a node does; returns its type.
fn read_verb(properties: &mut Map<String, Value>, verb: &str) -> String {
    let mut verb = verb;
    if let Some(forward) = verb.strip_suffix(" Backward") {
        put(properties, "Scan Direction", "Backward");
        verb = forward;
    }
    let strategy = match verb {
        "Aggregate" => Some("Plain"),
        "GroupAggregate" => Some("Sorted"),
        "HashAggregate" => Some("Hashed"),
        "MixedAggregate" => Some("Mixed"),
        _ => None,
    };
    if let Some(strategy) = strategy {
        put(properties, "Strategy", strategy);
        put(properties, "Node Type", "Aggregate");
        return "Aggregate".to_owned();
    }
    if let "Insert" | "Update" | "Delete" | "Merge" = verb {
        put(properties, "Operation", verb);
        put(properties, "Node Type", "ModifyTable");
        return "ModifyTable".to_owned();
    }
    if let Some((scan, provider)) = verb.strip_suffix(')').and_then(|it| it.split_once(" (")) {
        put(properties, "Custom Plan Provider", provider);
        put(properties, "Node Type", scan);
        return scan.to_owned();
    }
    for join in ["Left", "Right", "Full", "Semi", "Anti", "Right Semi", "Right Anti"] {
        let kind = match verb.strip_suffix(" Join").and_then(|it| it.strip_suffix(join)) {
            Some("Nested Loop ") => "Nested Loop",
            Some("Hash ") => "Hash Join",
            Some("Merge ") => "Merge Join",
            _ => continue,
        };
        put(properties, "Join Type", join);
        put(properties, "Node Type", kind);
        return kind.to_owned();
    }
    if matches!(verb, "Nested Loop" | "Hash Join" | "Merge Join") {
        put(properties, "Join Type", "Inner");
    }
    put(properties, "Node Type", verb);
    verb.to_owned()
}

/// Reads what a node works on: a table with its schema and alias, an index, a function, an expression.
fn read_object(properties: &mut Map<String, Value>, kind: &str, object: &str) {
    let (name, alias) = split_alias(object);
    match kind {
        "Bitmap Index Scan" => put(properties, "Index Name", &unquoted(name)),
        "CTE Scan" | "WorkTable Scan" => {
            put(properties, "CTE Name", &unquoted(name));
            put(properties, "Alias", &unquoted(alias.unwrap_or(name)));
        }
        "Function Scan" | "Table Function Scan" => {
            let (schema, function) = split_schema(name);
            if let Some(schema) = schema {
                put(properties, "Schema", &unquoted(schema));
            }
            put(properties, "Function Name", &unquoted(function));
            put(properties, "Alias", &unquoted(alias.unwrap_or(function)));
        }
        "Subquery Scan" | "Values Scan" => put(properties, "Alias", &unquoted(name)),
        _ => {
            let (schema, relation) = split_schema(name);
            if let Some(schema) = schema {
                put(properties, "Schema", &unquoted(schema));
            }
            put(properties, "Relation Name", &unquoted(relation));
            put(properties, "Alias", &unquoted(alias.unwrap_or(relation)));
        }
    }
}

/// Splits at the first separator that is outside quotes.
fn split_outside(text: &str, separator: char) -> (&str, Option<&str>) {
    let mut is_inside = false;
    for (at, next) in text.char_indices() {
        match next {
            '"' => is_inside = !is_inside,
            _ if next == separator && !is_inside => {
                let behind = text.get(at + next.len_utf8()..);
                return (text.get(..at).unwrap_or(text), behind);
            }
            _ => {}
        }
    }
    (text, None)
}

fn split_alias(object: &str) -> (&str, Option<&str>) {
    split_outside(object, ' ')
}

fn split_schema(name: &str) -> (Option<&str>, &str) {
    match split_outside(name, '.') {
        (schema, Some(relation)) => (Some(schema), relation),
        (relation, None) => (None, relation),
    }
}

fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

fn put(properties: &mut Map<String, Value>, name: &str, value: &str) {
    properties.insert(name.to_owned(), json!(value));
}
