//! Answers as tables: rows of objects, facts of one object, tables within.

use std::fmt::Write;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};
use serde_json::Value;

/// The blanks on both sides of what stands in a cell.
const CELL_PADDING: usize = 2;

/// Draws an answer.
pub(crate) fn render(data: &Value) -> String {
    match data {
        Value::Array(rows) if rows.is_empty() => "(none)\n".to_owned(),
        Value::Array(rows) => draw(rows),
        Value::Object(facts) => {
            let (lists, facts): (Vec<_>, Vec<_>) = facts
                .iter()
                .filter(|(_, value)| !says_nothing(value))
                .partition(|(_, value)| is_table(value));
            let widest = facts.iter().map(|(name, _)| name.len() + 1).max().unwrap_or_default();
            let mut text = String::new();
            for (name, value) in facts {
                if name == "raw" {
                    let shown = serde_json::to_string_pretty(value).unwrap_or_default();
                    let _ = writeln!(text, "{}:\n{shown}", title(name));
                } else {
                    let name = format!("{}:", title(name));
                    let _ = writeln!(text, "{name:widest$}  {}", shown(value));
                }
            }
            for (name, rows) in lists {
                let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
                let gap = if text.is_empty() { "" } else { "\n" };
                let _ = write!(text, "{gap}{}\n{}", title(name), draw(rows));
            }
            text
        }
        Value::Null => String::new(),
        other => format!("{}\n", shown(other)),
    }
}

/// Returns the rows of an answer: those of a list, or of the first table in it, or the whole.
pub(super) fn rows(data: &Value) -> Vec<Value> {
    match data {
        Value::Array(rows) => rows.clone(),
        Value::Object(facts) => {
            let table = facts.values().find(|value| is_table(value));
            let mut lists = facts.values().filter_map(Value::as_array);
            let only = lists.next().filter(|_| lists.next().is_none());
            match table.and_then(Value::as_array).or(only) {
                Some(rows) => rows.clone(),
                None => vec![data.clone()],
            }
        }
        Value::Null => Vec::new(),
        other => vec![other.clone()],
    }
}

/// Whether a value is a list of things that have properties.
fn is_table(value: &Value) -> bool {
    value.as_array().is_some_and(|rows| rows.iter().any(Value::is_object))
}

/// Whether there is nothing to show.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(facts) => facts.is_empty(),
        _ => false,
    }
}

/// Returns the names of the rows' fields, in the order they first appear.
pub(super) fn columns(rows: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Writes a value without decoration.
pub(super) fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn draw(rows: &[Value]) -> String {
    let has_tables = |row: &Value| row.as_object().is_some_and(|row| row.values().any(is_table));
    if rows.iter().any(has_tables) {
        // What holds tables itself does not fit into a cell.
        return rows.iter().map(render).collect::<Vec<_>>().join("\n");
    }
    let is_told = |column: &String| {
        rows.iter().any(|row| row.get(column).is_some_and(|value| !says_nothing(value)))
    };
    let columns: Vec<String> = columns(rows).into_iter().filter(is_told).collect();
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|column| title(column)));
    for row in rows {
        table.add_row(columns.iter().map(|column| {
            let value = row.get(column).unwrap_or(&Value::Null);
            let cell = Cell::new(shown(value));
            if is_numeric(value) { cell.set_alignment(CellAlignment::Right) } else { cell }
        }));
    }
    for (name, column) in columns.iter().zip(table.column_iter_mut()) {
        // Half a number on each of two lines is another number.
        let numbers = rows.iter().filter_map(|row| row.get(name)).filter(|value| is_numeric(value));
        if let Some(widest) = numbers.map(|number| shown(number).len()).max() {
            let width = u16::try_from(widest + CELL_PADDING).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
    }
    format!("{table}\n")
}

fn is_numeric(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-')
                && text.parse::<f64>().is_ok()
        }
        _ => false,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => grouped(&number.to_string()),
        Value::String(text) => readable_time(text).unwrap_or_else(|| text.clone()),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(facts) if facts.is_empty() => "-".to_owned(),
        Value::Object(facts) => facts
            .iter()
            .filter(|(_, fact)| !says_nothing(fact))
            .map(|(name, fact)| match fact {
                Value::Object(_) => format!("{} ({})", title(name), shown(fact)),
                _ => format!("{} {}", title(name), shown(fact)),
            })
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Cuts a moment down to whole seconds; programs get all digits.
fn readable_time(text: &str) -> Option<String> {
    if text.len() < 20 || !text.ends_with('Z') {
        return None;
    }
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// Groups the digits of a whole number by thousands.
pub(crate) fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    if digits.len() <= 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let first = digits.len() % 3;
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}")
}

fn title(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn groups_whole_numbers_only() {
        for (number, text) in [
            ("0", "0"),
            ("9999", "9999"),
            ("10000", "10,000"),
            ("-1234567", "-1,234,567"),
            ("1.50", "1.50"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn draws_facts_first_and_lists_below() {
        let drawn =
            render(&json!({ "read": 12000, "rules": [{ "rule": "time-sane", "count": 3 }] }));
        assert!(drawn.starts_with("read:  12,000\n"), "{drawn}");
        assert!(drawn.contains("time-sane"), "{drawn}");
    }

    #[test]
    fn facts_stand_below_each_other_and_what_says_nothing_is_left_out() {
        let drawn = render(&json!({ "slug": "acme", "time_zone": "UTC", "name": null, "by": {} }));
        assert_eq!(drawn, "slug:       acme\ntime zone:  UTC\n");
        let drawn = draw(&[json!({ "rule": "time-sane", "missing": null })]);
        assert!(!drawn.contains("missing"), "{drawn}");
    }

    #[test]
    fn tables_within_rows_are_drawn_one_below_the_other() {
        let look = |file: &str| json!({ "file": file, "fields": [{ "field": "store" }] });
        let drawn = draw(&[look("a.csv"), look("b.csv")]);
        assert!(drawn.contains("file:  a.csv\n\nfields\n"), "{drawn}");
        assert!(drawn.contains("file:  b.csv\n"), "{drawn}");
    }

    #[test]
    fn the_first_table_or_an_only_list_is_what_rows_are() {
        let both = json!({ "files": [{ "file": "a" }], "failed": [{ "file": "b" }] });
        assert_eq!(rows(&both), [json!({ "file": "a" })]);
        assert_eq!(rows(&json!({ "a": 1, "list": [1, 2] })).len(), 2);
        assert_eq!(rows(&json!({ "a": [1], "b": [2] })).len(), 1);
    }
}
