//! Reads the lines below a node, and those beside the tree.

use serde_json::{Map, Value, json};

/// Lines whose value is a list of expressions.
const LISTS: [&str; 3] = ["Sort Key", "Presorted Key", "Output"];

/// Reads the number that a text begins with: `0.1 ms`, `9kB`; null when there is none.
pub(super) fn number(text: &str) -> Value {
    let text = text.trim_start();
    let is_part = |next: char| next.is_ascii_digit() || matches!(next, '.' | '-' | '+' | 'e');
    let end = text.find(|next| !is_part(next)).unwrap_or(text.len());
    let parsed = text.get(..end).and_then(|digits| digits.parse::<f64>().ok());
    parsed.map_or(Value::Null, |number| json!(number))
}

/// Reads `a = 'b', c = 'd'`.
pub(super) fn settings(text: &str) -> Value {
    let mut map = Map::new();
    for entry in text.split("', ") {
        if let Some((name, value)) = entry.split_once(" = '") {
            map.insert(name.trim().to_owned(), json!(value.trim_end_matches('\'')));
        }
    }
    Value::Object(map)
}

/// Reads `Trigger name on table: time=0.1 calls=2`.
pub(super) fn trigger(statement: &mut Map<String, Value>, title: &str, value: &str) {
    let title = title.trim_start_matches("Trigger ");
    let (name, relation) = match title.split_once(" on ") {
        Some((name, relation)) => (name, Some(relation)),
        None => (title, None),
    };
    let (kind, name) = match name.split_once("for constraint ") {
        Some((_, constraint)) => ("Constraint Name", constraint),
        None => ("Trigger Name", name),
    };
    let read = |key: &str| value.split_once(key).map_or(Value::Null, |(_, behind)| number(behind));
    let read = json!({
        kind: name, "Relation": relation, "Time": read("time="), "Calls": read("calls="),
    });
    match statement.get_mut("Triggers").and_then(Value::as_array_mut) {
        Some(triggers) => triggers.push(read),
        None => {
            statement.insert("Triggers".to_owned(), json!([read]));
        }
    }
}

/// Reads a line of `Planning:` or `JIT:`.
pub(super) fn of_block(statement: &mut Map<String, Value>, block: &str, text: &str) {
    let entry = statement.entry(block).or_insert_with(|| json!({}));
    let Some(entry) = entry.as_object_mut() else { return };
    match text.split_once(": ") {
        Some(("Timing", value)) => {
            let total = value.split_once("Total ").map_or(Value::Null, |(_, it)| number(it));
            entry.insert("Timing".to_owned(), json!({ "Total": total }));
        }
        Some(("Functions", value)) => {
            entry.insert("Functions".to_owned(), number(value));
        }
        _ => of_node(entry, text),
    }
}

/// Reads a line below a node.
pub(super) fn of_node(properties: &mut Map<String, Value>, text: &str) {
    let Some((name, value)) = text.split_once(": ") else { return };
    match name {
        "Buffers" => buffers(properties, value),
        "I/O Timings" => io_timings(properties, value),
        "Sort Method" => sort(properties, value),
        "Heap Blocks" => {
            for (key, name) in [("exact=", "Exact Heap Blocks"), ("lossy=", "Lossy Heap Blocks")] {
                put_behind(properties, name, value, key);
            }
        }
        "Buckets" | "Planned Partitions" | "Batches" => hash(properties, text),
        "Hits" => {
            let keys = [
                ("Hits: ", "Cache Hits"),
                ("Misses: ", "Cache Misses"),
                ("Evictions: ", "Cache Evictions"),
            ];
            for (key, name) in keys {
                put_behind(properties, name, text, key);
            }
        }
        "Full-sort Groups" | "Pre-sorted Groups" => sort_groups(properties, name, value),
        // Of several sets of groups the first that has keys; the empty one is the total.
        "Group Key" | "Hash Key" => {
            if value != "()" && !properties.contains_key("Group Key") {
                properties.insert("Group Key".to_owned(), json!(split_list(value)));
            }
        }
        _ if LISTS.contains(&name) => {
            properties.insert(name.to_owned(), json!(split_list(value)));
        }
        _ => plain(properties, name, value),
    }
}

/// A number where the whole value is one, else the text as it stands.
fn plain(properties: &mut Map<String, Value>, name: &str, value: &str) {
    // The first of several: a node has one filter, and what comes later is of its workers.
    if !properties.contains_key(name) {
        let value = match value.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => json!(number),
            _ => json!(value),
        };
        properties.insert(name.to_owned(), value);
    }
}

fn put_behind(properties: &mut Map<String, Value>, name: &str, text: &str, key: &str) {
    if let Some((_, behind)) = text.split_once(key) {
        properties.insert(name.to_owned(), number(behind));
    }
}

/// `shared hit=1 read=2 dirtied=3 written=4, local …, temp read=5 written=6`.
fn buffers(properties: &mut Map<String, Value>, value: &str) {
    for group in value.split(", ") {
        let mut words = group.split(' ');
        let Some(kind) = words.next() else { continue };
        let kind = capitalised(kind);
        for (what, count) in words.filter_map(|word| word.split_once('=')) {
            let name = format!("{kind} {} Blocks", capitalised(what));
            properties.insert(name, number(count));
        }
    }
}

/// `read=1.2 write=3`, or since version 17 `shared read=1.2 write=3, temp read=4`.
fn io_timings(properties: &mut Map<String, Value>, value: &str) {
    for group in value.split(", ") {
        let is_temporary = group.starts_with("temp ");
        for (what, time) in group.split(' ').filter_map(|word| word.split_once('=')) {
            let prefix = if is_temporary { "Temp " } else { "" };
            let name = format!("{prefix}I/O {} Time", capitalised(what));
            properties.insert(name, number(time));
        }
    }
}

/// `external merge  Disk: 49352kB`.
fn sort(properties: &mut Map<String, Value>, value: &str) {
    let (method, space) = match value.split_once("  ") {
        Some((method, space)) => (method, space),
        None => (value, ""),
    };
    properties.insert("Sort Method".to_owned(), json!(method));
    if let Some((kind, size)) = space.split_once(": ") {
        properties.insert("Sort Space Type".to_owned(), json!(kind));
        properties.insert("Sort Space Used".to_owned(), number(size));
    }
}

/// `Buckets: 2048 (originally 1024)  Batches: 512 (originally 2)  Memory Usage: 80kB`, and the same of
/// an aggregate: `Planned Partitions: 4  Batches: 21  Memory Usage: 185kB  Disk Usage: 7456kB`.
fn hash(properties: &mut Map<String, Value>, text: &str) {
    let keys = [
        ("Planned Partitions: ", "Planned Partitions"),
        ("Memory Usage: ", "Peak Memory Usage"),
        ("Disk Usage: ", "Disk Usage"),
        ("Batches: ", "Hash Batches"),
    ];
    for (key, name) in keys {
        put_behind(properties, name, text, key);
    }
    if let Some((_, batches)) = text.split_once("Batches: ")
        && let Some((_, planned)) = batches.split_once("(originally ")
    {
        properties.insert("Original Hash Batches".to_owned(), number(planned));
    }
}

/// `2  Sort Method: external merge  Average Disk: 8kB  Peak Disk: 16kB`.
fn sort_groups(properties: &mut Map<String, Value>, name: &str, value: &str) {
    let method = value.split_once("Sort Method: ").or_else(|| value.split_once("Sort Methods: "));
    let method = method.map(|(_, behind)| behind.split("  ").next().unwrap_or_default());
    let mut groups = Map::new();
    groups.insert("Sort Methods Used".to_owned(), json!([method.unwrap_or_default()]));
    for (key, kind) in [("Peak Memory: ", "Sort Space Memory"), ("Peak Disk: ", "Sort Space Disk")]
    {
        if let Some((_, behind)) = value.split_once(key) {
            groups.insert(kind.to_owned(), json!({ "Peak Sort Space Used": number(behind) }));
        }
    }
    properties.insert(name.to_owned(), Value::Object(groups));
}

/// Splits at commas that stand outside brackets and quotes.
fn split_list(text: &str) -> Vec<String> {
    let (mut depth, mut quote, mut start) = (0_usize, None, 0);
    let mut items = Vec::new();
    for (at, next) in text.char_indices() {
        match (quote, next) {
            (Some(open), _) if next == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(next),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                items.push(text.get(start..at).unwrap_or_default().trim().to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(text.get(start..).unwrap_or_default().trim().to_owned());
    items
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
