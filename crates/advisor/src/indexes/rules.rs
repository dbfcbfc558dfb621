//! The house's rules about indexes, as code: each advice cites those that speak for it, each refusal the one
//! that speaks against.

use schemars::JsonSchema;
use serde::Serialize;

use super::catalog::{Existing, Table};
use super::size::groups;
use super::{Index, Method};
use crate::plans::count;

/// A table below these rows is read as quickly without an index.
pub const SMALL_TABLE_ROWS: f64 = 10_000.0;

/// Keys with no more values than this find too much each.
pub const LOW_CARDINALITY: f64 = 20.0;

/// A proposal that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rejected {
    /// What was proposed.
    pub what: String,
    /// The rule that decided.
    pub rule: &'static str,
    /// The reason, with its numbers.
    pub reason: String,
}

impl Rejected {
    pub(crate) fn index(index: &Index, rule: &'static str, reason: String) -> Self {
        Self { what: format!("index on {}", index.shown()), rule, reason }
    }
}

/// Refuses what the house's rules refuse.
pub(crate) fn refused(index: &Index, table: &Table) -> Option<Rejected> {
    small_table(index, table)
        .or_else(|| covered(index, table))
        .or_else(|| low_cardinality(index, table))
}

fn small_table(index: &Index, table: &Table) -> Option<Rejected> {
    let rows = table.rows();
    (rows < SMALL_TABLE_ROWS).then(|| {
        let reason = format!(
            "{} has {} rows, under {}: reading it whole is as quick",
            table.name,
            count(rows),
            count(SMALL_TABLE_ROWS)
        );
        Rejected::index(index, "not-under-10k-rows", reason)
    })
}

fn covered(index: &Index, table: &Table) -> Option<Rejected> {
    let by: &Existing = table.indexes.iter().find(|existing| existing.serves(index))?;
    let reason = format!("{} begins with the same keys", by.name);
    Some(Rejected::index(index, "not-covered-by-another", reason))
}

fn low_cardinality(index: &Index, table: &Table) -> Option<Rejected> {
    let knows_all = index
        .keys
        .iter()
        .all(|key| key.column.as_deref().is_some_and(|name| table.distinct(name).is_some()));
    let values = groups(index, table, table.rows());
    let is_low = knows_all && index.method == Method::Btree && values <= LOW_CARDINALITY;
    is_low.then(|| {
        let keys: Vec<&str> = index.keys.iter().map(|key| key.sql.as_str()).collect();
        let reason = format!(
            "{} has {} values in {} rows: each finds {} rows on average",
            keys.join(", "),
            count(values),
            count(table.rows()),
            count(table.rows() / values.max(1.0))
        );
        Rejected::index(index, "not-low-cardinality", reason)
    })
}

/// Says which rules speak for an index.
pub(crate) fn spoken_for(index: &Index, table: &Table) -> Vec<String> {
    let keys: Vec<&str> = index.keys.iter().map(|key| key.sql.as_str()).collect();
    let mut said = vec![
        format!(
            "columns-in-use: {} stand in where, join, order or group of the statements it serves",
            keys.join(", ")
        ),
        format!("not-under-10k-rows: {} has {} rows", table.name, count(table.rows())),
    ];
    let values = groups(index, table, table.rows());
    let is_known = index
        .keys
        .iter()
        .all(|key| key.column.as_deref().is_some_and(|name| table.distinct(name).is_some()));
    if is_known {
        said.push(format!("not-low-cardinality: {} different keys (statistics)", count(values)));
    } else {
        said.push("not-low-cardinality: not known, no statistics; analyze would tell".to_owned());
    }
    said.push(format!(
        "not-covered-by-another: none of its {} indexes begins so",
        table.indexes.len()
    ));
    said
}
