//! How large an index will be, as far as statistics tell.
//!
//! HypoPG counts every row as an entry of its own. Since version 13 a tree keeps equal keys once with a list
//! of their rows, which makes it up to six times smaller: a budget in bytes would be spent wrongly.

use super::catalog::{Column, Table};
use super::{Index, Method};

/// What of a page entries can use, and how full a new tree's pages are.
const PAGE: f64 = 8_192.0;
const USABLE: f64 = 8_152.0;
const FULL: f64 = 0.9;

/// A row's place in a list of equal keys.
const PLACE: f64 = 6.0;

/// The head of an entry, and its pointer in the page.
const HEAD: f64 = 8.0;
const POINTER: f64 = 4.0;

/// A list of equal keys takes a sixth of a page at most.
const LONGEST_LIST: f64 = 1_350.0;

/// Pages that one entry of a BRIN index stands for.
const PAGES_A_RANGE: f64 = 128.0;

/// Estimates the bytes of an index that has `share` of the table's rows.
pub(crate) fn estimate(index: &Index, table: &Table, share: f64) -> f64 {
    if index.method == Method::Brin {
        let ranges = (table.pages() / PAGES_A_RANGE).max(1.0);
        // The map of ranges, the head page, and an entry with two bounds for each range.
        return PAGE * (2.0 * table.parts.len().max(1) as f64 + (ranges * 40.0 / USABLE).ceil());
    }
    let rows = (table.rows() * share).max(1.0);
    let keys = width(index, table);
    let entry = aligned(HEAD + keys) + POINTER;
    let groups = groups(index, table, rows);
    let is_deduplicated = index.included.is_empty()
        && index.keys.iter().all(|key| {
            key.column.as_deref().and_then(|name| table.column(name)).is_some_and(is_deduplicable)
        });
    let bytes = if is_deduplicated && rows > 1.5 * groups {
        let lists = (rows * PLACE / LONGEST_LIST).max(groups);
        lists * entry + rows * PLACE
    } else {
        rows * entry
    };
    let leaves = (bytes / (USABLE * FULL)).ceil();
    // The levels above take about as much as entries go into a page.
    let above = leaves * (entry + 8.0) / USABLE + 1.0;
    PAGE * (leaves + above + table.parts.len().max(1) as f64)
}

fn width(index: &Index, table: &Table) -> f64 {
    let column = |name: &str| table.column(name).map_or(8.0, |column| stored(column.width));
    let keys: f64 = index.keys.iter().map(|key| key.column.as_deref().map_or(16.0, column)).sum();
    keys + index.included.iter().map(|name| column(name)).sum::<f64>()
}

/// Fixed widths are aligned to themselves; texts are not.
fn stored(width: f64) -> f64 {
    if width <= 8.0 { width.max(1.0) } else { width }
}

fn aligned(bytes: f64) -> f64 {
    (bytes / 8.0).ceil() * 8.0
}

/// How many different keys there are, as if columns had nothing to do with each other.
pub(crate) fn groups(index: &Index, table: &Table, rows: f64) -> f64 {
    let mut groups = 1.0;
    for key in &index.keys {
        groups *= key.column.as_deref().and_then(|name| table.distinct(name)).unwrap_or(rows);
    }
    groups.min(rows)
}

/// Equal values of these types can look different, so each row keeps its own: a text of fixed length, for
/// one, is equal with and without the blanks behind it.
fn is_deduplicable(column: &Column) -> bool {
    const NOT: [&str; 6] = ["numeric", "real", "double precision", "jsonb", "range", "character("];
    !NOT.iter().any(|it| column.type_name.starts_with(it)) && !column.type_name.ends_with("[]")
}
