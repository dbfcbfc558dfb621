//! The house's rules about indexes, as code: each advice cites those that speak for it, each refusal the one
//! that speaks against.

use schemars::JsonSchema;
use serde::Serialize;

use super::catalog::{Existing, Kind, Table};
use super::size::groups;
use super::{Index, Method};
use crate::plans::count;

/// A table below these rows is read as quickly without an index.
pub const SMALL_TABLE_ROWS: f64 = 10_000.0;

/// Keys with no more values than this find too much each.
pub const LOW_CARDINALITY: f64 = 20.0;

/// How an index that was not taken is named.
const OF_INDEX: &str = "index on ";

/// Why an index was not taken whose costs were asked.
const TOO_LITTLE: &str = "it lowers the planner's cost too little for its bytes";

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
        Self { what: format!("{OF_INDEX}{}", index.shown()), rule, reason }
    }

    /// Refuses one that brings too little, beside another of its table where there is one.
    pub(crate) fn outdone(index: &Index, by: Option<&Index>) -> Self {
        let with = by.map_or_else(String::new, |by| format!("with {} ", by.name()));
        Self::index(index, "worth-its-bytes", with + TOO_LITTLE)
    }

    /// Leaves out what it was weighed against, unless that is there.
    pub(crate) fn beside(mut self, is_there: impl Fn(&str) -> bool) -> Self {
        let with = self.reason.strip_suffix(TOO_LITTLE).and_then(|it| it.strip_prefix("with "));
        if with.is_some_and(|name| !is_there(name.trim_end())) {
            TOO_LITTLE.clone_into(&mut self.reason);
        }
        self
    }

    /// Whether it is this index.
    pub(crate) fn is_index(&self, index: &Index) -> bool {
        self.what.strip_prefix(OF_INDEX).is_some_and(|shown| shown == index.shown())
    }

    /// Whether it is an index that was not taken, and no other proposal.
    pub(crate) fn is_of_index(&self) -> bool {
        self.what.starts_with(OF_INDEX)
    }
}

/// Refuses what the house's rules refuse.
pub(crate) fn refused(index: &Index, table: &Table) -> Option<Rejected> {
    inherited(index, table)
        .or_else(|| small_table(index, table))
        .or_else(|| covered(index, table))
        .or_else(|| low_cardinality(index, table))
}

fn inherited(index: &Index, table: &Table) -> Option<Rejected> {
    (table.kind == Kind::Inherited).then(|| {
        let reason = format!(
            "tables inherit from {}, and an index of it has none of their rows: make one on each of them by hand",
            table.name
        );
        Rejected::index(index, "reaches-the-rows", reason)
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexes::Key;
    use crate::indexes::catalog::Part;

    #[test]
    fn what_an_index_was_weighed_against_is_named_where_it_is_there() {
        let index = |name: &str| Index::btree("t", vec![Key::column(name)]);
        let outdone = Rejected::outdone(&index("a"), Some(&index("b")));
        assert_eq!(
            outdone.clone().beside(|name| name == "t_b").reason,
            format!("with t_b {TOO_LITTLE}")
        );
        assert_eq!(outdone.beside(|_| false).reason, TOO_LITTLE);
        let alone = Rejected::outdone(&index("a"), None);
        assert_eq!(alone.clone().beside(|_| false), alone);
        let other = Rejected::index(&index("a"), "over-the-budget", "with all".to_owned());
        assert_eq!(other.clone().beside(|_| false), other);
    }

    #[test]
    fn an_index_of_a_table_whose_rows_are_in_tables_that_inherit_from_it_is_refused() {
        let part = Part { name: "t_1".to_owned(), rows: 50_000.0, pages: 900.0 };
        let table = |kind| Table {
            name: "t".to_owned(),
            kind,
            parts: vec![part.clone()],
            ..Table::default()
        };
        let index = Index::btree("t", vec![Key::column("a")]);
        let rejected = refused(&index, &table(Kind::Inherited)).unwrap();
        assert_eq!(rejected.rule, "reaches-the-rows");
        assert_eq!(refused(&index, &table(Kind::Hypertable)), None);
    }
}
