//! Proposes indexes for the ways in which statements reach their tables.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{Column, Table};
use super::parts::PartOf;
use super::shape::{Access, Term};
use super::{Index, Key, Method};

/// How many keys an index has at most: more narrow nothing down.
const MOST_KEYS: usize = 4;

/// How many columns an index holds besides at most, and which share of a row's width with its keys: beyond
/// that it is a second table.
const MOST_INCLUDED: usize = 5;
const WIDEST_SHARE: f64 = 0.6;

/// A column says what state a row is in, rather than whose it is, when it has no more values than this; a
/// number when it has no more than that. An index of one shop's rows would help that shop alone.
const FEW_STATES: f64 = 10.0;
const FEW_NUMBERS: f64 = 5.0;

/// Values and rows that go together this well make the bounds of pages tell.
const IN_ORDER: f64 = 0.95;

/// Below these pages reading the table is as quick as asking for bounds of pages.
const MANY_PAGES: f64 = 1_000.0;

/// How often columns are compared over the whole workload, by table and column.
pub(crate) type Frequency = BTreeMap<(usize, String), usize>;

/// Counts in how many accesses each column is compared for equality.
pub(crate) fn frequency<'a>(accesses: impl Iterator<Item = &'a Access>) -> Frequency {
    let mut frequency = Frequency::new();
    for access in accesses {
        for term in access.equal.iter().chain(&access.joins) {
            for column in &term.columns {
                *frequency.entry((access.table, column.clone())).or_default() += 1;
            }
        }
    }
    frequency
}

/// Proposes indexes for one access; the same may be proposed for others.
pub(crate) fn propose(access: &Access, table: &Table, frequency: &Frequency) -> BTreeSet<Index> {
    let proposer = Proposer { access, table, frequency };
    let mut keys = proposer.key_lists();
    keys.retain(|keys| !keys.is_empty());
    let mut proposed = BTreeSet::new();
    for keys in keys {
        let plain = Index::btree(&table.name, keys);
        proposed.extend(proposer.covering(&plain, &BTreeSet::new()));
        proposed.extend(proposer.partial(&plain));
        proposed.insert(plain);
    }
    proposed.extend(proposer.by_pages());
    proposed
}

struct Proposer<'a> {
    access: &'a Access,
    table: &'a Table,
    frequency: &'a Frequency,
}

impl Proposer<'_> {
    fn key_lists(&self) -> BTreeSet<Vec<Key>> {
        let access = self.access;
        let mut lists = BTreeSet::new();
        let single = [&access.equal, &access.joins, &access.ranges, &access.branches];
        for term in single.into_iter().flatten() {
            lists.insert(vec![term.key.clone()]);
        }
        for equal in self.orders_of(&access.equal) {
            let ranges = access.ranges.iter().map(|term| vec![term.key.clone()]);
            let orders = access.orders.iter().chain(&access.groups).cloned();
            let ends: Vec<Vec<Key>> =
                std::iter::once(Vec::new()).chain(ranges).chain(orders).collect();
            for end in &ends {
                lists.insert(joined([&equal, end]));
            }
            for join in self.orders_of(&access.joins) {
                for end in ends.iter().take(1 + access.ranges.len()) {
                    lists.insert(joined([&equal, &join, end]));
                    lists.insert(joined([&join, &equal, end]));
                }
                for one in &join {
                    let one = std::slice::from_ref(one);
                    lists.insert(joined([&equal, one]));
                    lists.insert(joined([one, &equal]));
                }
            }
        }
        // An order, or a group, without a look at the conditions.
        for order in access.orders.iter().chain(&access.groups) {
            lists.insert(joined([order]));
        }
        lists
    }

    /// Puts terms in the orders that are worth trying: what narrows most first, and what the workload
    /// compares most often first, so that statements can share an index.
    fn orders_of(&self, terms: &[Term]) -> Vec<Vec<Key>> {
        let distinct = |term: &Term| {
            let column = term.columns.first().map_or("", String::as_str);
            self.table.distinct(column).unwrap_or(1.0)
        };
        let often = |term: &Term| {
            let column = term.columns.first().cloned().unwrap_or_default();
            self.frequency.get(&(self.access.table, column)).copied().unwrap_or_default()
        };
        // What has few values narrows nothing as a key; it may still be a condition of the index.
        let mut useful: Vec<&Term> = terms.iter().filter(|term| distinct(term) > 2.0).collect();
        if useful.is_empty() {
            useful = terms.iter().collect();
        }
        useful.sort_by(|one, other| distinct(other).total_cmp(&distinct(one)));
        useful.truncate(MOST_KEYS - 1);
        let selective: Vec<Key> = useful.iter().map(|term| term.key.clone()).collect();
        useful.sort_by(|one, other| {
            often(other).cmp(&often(one)).then(distinct(other).total_cmp(&distinct(one)))
        });
        let frequent: Vec<Key> = useful.iter().map(|term| term.key.clone()).collect();
        let mut orders = vec![selective, frequent];
        orders.dedup();
        orders
    }

    /// Holds besides what else the statement needs, so that the table is not looked at.
    fn covering(&self, plain: &Index, spared: &BTreeSet<String>) -> Option<Index> {
        let held: BTreeSet<&str> = plain.columns().collect();
        if plain.keys.iter().any(|key| key.column.is_none()) {
            return None;
        }
        let rest =
            self.access.needed.difference(spared).filter(|it| !held.contains(it.as_str())).cloned();
        let rest: Vec<String> = rest.collect();
        let width = |name: &str| self.table.column(name).map_or(8.0, |column| column.width);
        let all: f64 = held.iter().copied().chain(rest.iter().map(String::as_str)).map(width).sum();
        let is_worth_it = !rest.is_empty()
            && rest.len() <= MOST_INCLUDED
            && all <= self.table.width() * WIDEST_SHARE;
        is_worth_it.then(|| Index { included: rest, ..plain.clone() })
    }

    /// Leaves out rows that the statement never asks for.
    fn partial(&self, plain: &Index) -> Vec<Index> {
        let mut proposed = Vec::new();
        for part in &self.access.parts {
            if !self.is_worth_a_part(part) {
                continue;
            }
            // What every row of the index is equal in is no key of it.
            let keys: Vec<Key> = plain
                .keys
                .iter()
                .filter(|key| key.column.is_none() || key.column != part.column)
                .cloned()
                .collect();
            if keys.is_empty() {
                continue;
            }
            let index = Index { keys, predicate: Some(part.predicate.clone()), ..plain.clone() };
            proposed.extend(self.covering(&index, &part.spared));
            proposed.push(index);
        }
        proposed
    }

    /// Whether rows are told apart by what they are, not by whose they are or what is looked for.
    fn is_worth_a_part(&self, part: &PartOf) -> bool {
        let Some(column) = &part.column else { return true };
        part.predicate.trim_end_matches(')').ends_with("IS NULL")
            || self.table.column(column).is_some_and(is_state)
    }

    /// Keeps the bounds of pages, where rows lie in the order of the column.
    fn by_pages(&self) -> Vec<Index> {
        let access = self.access;
        if self.table.pages() < MANY_PAGES {
            return Vec::new();
        }
        let in_order = access.ranges.iter().filter(|term| {
            let column = term.key.column.as_deref().and_then(|name| self.table.column(name));
            // The column by which chunks are cut is in order already: they are left out as a whole.
            column.is_some_and(|column| {
                column.correlation.abs() >= IN_ORDER && !self.table.cut_by.contains(&column.name)
            })
        });
        in_order
            .map(|term| Index {
                method: Method::Brin,
                ..Index::btree(&self.table.name, vec![Key { class: None, ..term.key.clone() }])
            })
            .collect()
    }
}

/// Whether a column tells states apart.
fn is_state(column: &Column) -> bool {
    let most = match column.type_name.as_str() {
        "uuid" => return false,
        "integer" | "bigint" | "smallint" | "numeric" => FEW_NUMBERS,
        _ => FEW_STATES,
    };
    column.distinct.is_some_and(|distinct| distinct <= most)
}

/// Puts lists of keys one behind the other, each column once.
fn joined<const N: usize>(lists: [&[Key]; N]) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for key in lists.into_iter().flatten() {
        if !keys.iter().any(|known| known.sql == key.sql) && keys.len() < MOST_KEYS {
            keys.push(key.clone());
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexes::catalog::Part;

    fn table() -> Table {
        let column = |name: &str, distinct: f64, correlation: f64| Column {
            name: name.to_owned(),
            type_name: "integer".to_owned(),
            width: 8.0,
            distinct: Some(distinct),
            correlation,
            ..Column::default()
        };
        Table {
            name: "public.lines".to_owned(),
            columns: vec![
                column("line_id", 1e6, 0.0),
                column("store_id", 200.0, 0.0),
                column("product_id", 5_000.0, 0.0),
                column("sold_at", 1e6, 1.0),
                column("state", 3.0, 0.0),
                column("amount", 1e5, 0.0),
                column("note", 1e6, 0.0),
            ],
            parts: vec![Part { name: String::new(), rows: 1e6, pages: 1e4 }],
            ..Table::default()
        }
    }

    fn term(name: &str) -> Term {
        Term { key: Key::column(name), columns: vec![name.to_owned()], said: String::new() }
    }

    fn shown(access: &Access) -> Vec<String> {
        let frequency = frequency(std::iter::once(access));
        propose(access, &table(), &frequency).iter().map(Index::shown).collect()
    }

    #[test]
    fn equality_comes_before_a_range_and_what_narrows_most_before_the_rest() {
        let access = Access {
            equal: vec![term("store_id"), term("product_id")],
            ranges: vec![term("sold_at")],
            needed: ["store_id", "product_id", "sold_at", "amount"].map(str::to_owned).into(),
            ..Access::default()
        };
        let shown = shown(&access);
        let has =
            |wanted: &str| assert!(shown.iter().any(|it| it == wanted), "{wanted}: {shown:#?}");
        has("public.lines (product_id, store_id, sold_at)");
        has("public.lines (product_id, store_id, sold_at) include (amount)");
        has("public.lines using brin (sold_at)");
        assert!(shown.iter().all(|it| !it.contains("(sold_at, store_id")), "{shown:#?}");
    }

    #[test]
    fn the_newest_of_each_and_the_few_of_a_state_have_their_index() {
        let access = Access {
            equal: vec![term("store_id"), term("state")],
            orders: vec![vec![Key::column("sold_at").descending()]],
            parts: vec![PartOf {
                column: Some("state".to_owned()),
                predicate: "(state = 2)".to_owned(),
                spared: BTreeSet::new(),
            }],
            needed: ["store_id", "state", "sold_at"].map(str::to_owned).into(),
            ..Access::default()
        };
        let shown = shown(&access);
        let has =
            |wanted: &str| assert!(shown.iter().any(|it| it == wanted), "{wanted}: {shown:#?}");
        has("public.lines (store_id, sold_at desc) where (state = 2)");
        has("public.lines (store_id, state, sold_at desc)");
    }

    #[test]
    fn what_compares_columns_with_each_other_is_a_part_whatever_values_they_have() {
        let access = Access {
            equal: vec![term("store_id")],
            parts: vec![PartOf {
                column: None,
                predicate: "(line_id < product_id)".to_owned(),
                spared: ["line_id"].map(str::to_owned).into(),
            }],
            needed: ["store_id", "line_id", "product_id"].map(str::to_owned).into(),
            ..Access::default()
        };
        let shown = shown(&access);
        let has =
            |wanted: &str| assert!(shown.iter().any(|it| it == wanted), "{wanted}: {shown:#?}");
        has("public.lines (store_id) where (line_id < product_id)");
        // The condition is known to hold: what only it needs is not held.
        has("public.lines (store_id) include (product_id) where (line_id < product_id)");
    }

    #[test]
    fn nothing_is_proposed_for_a_table_that_is_read_as_a_whole() {
        let access = Access { needed: ["note".to_owned()].into(), ..Access::default() };
        assert!(shown(&access).is_empty());
    }
}
