//! How a statement reaches each table: what it compares, joins, sorts and groups by, and what it needs.
//!
//! It is read from the plan rather than from the text. The server has resolved every name there, through
//! views, row security, derived tables and WITH; a reader of the text would have to do all that again, and
//! those who did it wrongly proposed columns of the wrong table.

use std::collections::{BTreeMap, BTreeSet};

use super::Key;
use super::catalog::{Catalog, Table};
use super::parts::{PartOf, Together, leaves_out};
use super::reference::{Reference, references, without_alias};
use crate::plans::condition::{clause, conjuncts, disjuncts, is_range};
use crate::plans::{Node, Plan};

/// How a statement reaches one table under one name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// The place of the table in the catalog.
    pub(crate) table: usize,
    /// Compared for equality with a value.
    pub(crate) equal: Vec<Term>,
    /// Compared with a bound.
    pub(crate) ranges: Vec<Term>,
    /// Compared for equality with another table's column.
    pub(crate) joins: Vec<Term>,
    /// Alternatives of which each could be looked up by itself.
    pub(crate) branches: Vec<Term>,
    /// Conditions that an index of a part of the rows could have: those with values written out, all that
    /// compare columns of the row with each other, and all that leave rows out.
    pub(crate) parts: Vec<PartOf>,
    /// What it is sorted by.
    pub(crate) orders: Vec<Vec<Key>>,
    /// What it is grouped by.
    pub(crate) groups: Vec<Vec<Key>>,
    /// The columns that are needed at all.
    pub(crate) needed: BTreeSet<String>,
}

/// Something that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) key: Key,
    /// The columns in it: one, unless it is an expression.
    pub(crate) columns: Vec<String>,
    /// The condition, as the server prints it.
    pub(crate) said: String,
}

/// Reads how a plan reaches each table.
pub(crate) fn read(plan: &Plan, catalog: &Catalog) -> Vec<Access> {
    let mut reader = Reader::of(plan, catalog);
    for node in &plan.nodes {
        reader.conditions(node);
        reader.keys(node);
        reader.output(plan, node);
    }
    for (place, part) in reader.together.parts() {
        if let Some(access) = reader.accesses.get_mut(place) {
            add(&mut access.parts, part);
        }
    }
    reader.accesses
}

struct Reader<'p> {
    catalog: &'p Catalog,
    /// From what the statement calls a table to the place of its access.
    aliases: BTreeMap<String, usize>,
    accesses: Vec<Access>,
    together: Together,
}

impl<'p> Reader<'p> {
    fn of(plan: &'p Plan, catalog: &'p Catalog) -> Self {
        let mut reader = Self {
            catalog,
            aliases: BTreeMap::new(),
            accesses: Vec::new(),
            together: Together::default(),
        };
        for node in &plan.nodes {
            let (Some(place), Some(alias)) = (catalog.place(node), node.alias.as_deref()) else {
                continue;
            };
            // Partitions are called by the whole's name and a number, and count as one.
            let is_part = catalog
                .table(place)
                .is_some_and(|table| node.table().as_deref() != Some(&table.name));
            let whole = if is_part { base(alias) } else { alias };
            let access = match reader.aliases.get(whole) {
                Some(access) => *access,
                None => {
                    reader.accesses.push(Access { table: place, ..Access::default() });
                    reader.accesses.len() - 1
                }
            };
            reader.aliases.insert(whole.to_owned(), access);
            reader.aliases.insert(alias.to_owned(), access);
        }
        reader
    }

    /// Returns the access that a column belongs to.
    fn owner(&self, reference: &Reference) -> Option<usize> {
        match reference.alias.as_deref() {
            Some(alias) => self.aliases.get(alias).copied(),
            // A plan of one table leaves the table's name out.
            None => {
                let [access] = self.accesses.as_slice() else { return None };
                self.catalog.table(access.table)?.column(&reference.column).map(|_| 0)
            }
        }
    }

    fn conditions(&mut self, node: &Node) {
        let said = &node.conditions;
        let texts = [
            &said.filter,
            &said.index,
            &said.recheck,
            &said.hash,
            &said.merge,
            &said.join_filter,
            &said.vectorized_filter,
        ];
        // What holds of rows that are joined need not hold of those of one table.
        let is_scan = self.catalog.place(node).is_some();
        for text in texts.into_iter().flatten() {
            for condition in conjuncts(text) {
                self.need(condition);
                let branches = disjuncts(condition);
                if branches.len() > 1 {
                    self.branches(&branches);
                } else {
                    self.condition(condition, is_scan);
                }
            }
        }
    }

    fn condition(&mut self, text: &str, is_scan: bool) {
        let Some(found) = clause(text) else {
            // A column that is a truth value stands alone.
            let all = references(text);
            if let [only] = all.as_slice()
                && only.column != "*"
                && let Some(access) = self.owner(only)
            {
                self.part(access, &only.column.clone(), text);
            }
            return;
        };
        if is_scan && let Some(access) = self.within_row(found.left, found.right) {
            self.together.compared(access, text);
            return;
        }
        let sides = [(found.left, found.right, false), (found.right, found.left, true)];
        for (subject, other, is_mirrored) in sides {
            let Some((access, term)) = self.term(subject, text) else { continue };
            let operator = found.operator;
            let is_value = self.is_value(other);
            let is_join = !is_value && self.is_of_others(other, access);
            if is_value
                && !is_mirrored
                && let [column] = term.columns.as_slice()
            {
                self.part(access, &column.clone(), text);
                if is_scan && leaves_out(&found) && term.key.column.is_some() {
                    self.together.left_out(access, text);
                }
            }
            let is_range = is_range(operator);
            let Some(access) = self.accesses.get_mut(access) else { continue };
            if found.is_equality() && is_value {
                add(&mut access.equal, term);
            } else if found.is_equality() && is_join {
                add(&mut access.joins, term);
            } else if is_range && (is_value || is_join) {
                add(&mut access.ranges, term);
            } else if operator == "~~" && is_value && has_prefix(other) {
                let is_bytewise = term.columns.first().is_some_and(|column| {
                    let table = self.catalog.table(access.table);
                    table.and_then(|table| table.column(column)).is_some_and(|it| it.is_bytewise)
                });
                let class = (!is_bytewise).then_some("text_pattern_ops");
                let key = Key { class, ..term.key };
                add(&mut access.ranges, Term { key, ..term });
            }
        }
    }

    /// Alternatives: each that compares one table's columns with values can be looked up by itself.
    fn branches(&mut self, branches: &[&str]) {
        for branch in branches {
            for condition in conjuncts(branch) {
                let Some(found) = clause(condition).filter(|it| it.is_equality()) else { continue };
                if !self.is_value(found.right) {
                    continue;
                }
                if let Some((access, term)) = self.term(found.left, condition)
                    && let Some(access) = self.accesses.get_mut(access)
                {
                    add(&mut access.branches, term);
                }
            }
        }
    }

    /// Reads one side of a comparison as something of one table that an index could be ordered by.
    fn term(&self, side: &str, said: &str) -> Option<(usize, Term)> {
        let (access, key, columns) = self.key(side)?;
        Some((access, Term { key, columns, said: without_alias(said) }))
    }

    fn key(&self, text: &str) -> Option<(usize, Key, Vec<String>)> {
        let text = bare(text);
        let all = references(text);
        let owned: Vec<(usize, &Reference)> =
            all.iter().filter_map(|each| Some((self.owner(each)?, each))).collect();
        let (access, first) = *owned.first()?;
        let is_of_one = owned.iter().all(|(other, _)| *other == access)
            && all.iter().all(|each| each.alias.is_none() || self.owner(each).is_some());
        if !is_of_one || first.column == "*" || is_aggregate(text) {
            return None;
        }
        let table = self.catalog.table(self.accesses.get(access)?.table)?;
        let column = table.column(&first.column)?;
        let is_alone = first.span == (0..text.len());
        // A text of bounded length is compared as text: the cast costs no index.
        let inner = text.strip_suffix("::text").map(bare);
        let is_relabelled = inner.is_some_and(|inner| {
            references(inner).first().is_some_and(|it| it.span == (0..inner.len()))
        }) && column.type_name.starts_with("character varying");
        let mut columns: Vec<String> = owned.iter().map(|(_, it)| it.column.clone()).collect();
        columns.dedup();
        if is_alone || is_relabelled {
            return Some((access, Key::column(&first.column), columns));
        }
        // What is calculated with is another rule's business: a range of the column itself is better.
        let is_worth_an_index = text.contains('(') || text.contains("->") || text.contains("||");
        is_worth_an_index.then(|| (access, Key::expression(&without_alias(text)), columns))
    }

    /// Returns the access whose columns two sides are, each as it is. Of two types they may be compared by
    /// what the session's settings say, which no index can be sure of.
    fn within_row(&self, left: &str, right: &str) -> Option<usize> {
        let column = |side| {
            let (access, key, _) = self.key(side)?;
            let table = self.catalog.table(self.accesses.get(access)?.table)?;
            Some((access, &table.column(&key.column?)?.type_name))
        };
        let (left, right) = (column(left)?, column(right)?);
        (left == right).then_some(left.0)
    }

    fn is_value(&self, text: &str) -> bool {
        references(text).iter().all(|each| each.alias.is_none() && self.owner(each).is_none())
            && !text.contains("SubPlan")
    }

    fn is_of_others(&self, text: &str, access: usize) -> bool {
        let all = references(text);
        !is_aggregate(text)
            && all.iter().any(|each| each.alias.is_some())
            && all.iter().all(|each| self.owner(each) != Some(access))
    }

    fn part(&mut self, access: usize, column: &str, text: &str) {
        // What changes from call to call, and what an index cannot be sure of, is no part of one.
        let is_fixed = !text.contains('$')
            && !text.contains("InitPlan")
            && !text.contains("now()")
            && !text.contains("CURRENT_");
        let Some(access) = self.accesses.get_mut(access).filter(|_| is_fixed) else { return };
        // A condition that stands alone has lost the brackets that it has beside others, and in the catalog.
        let inner = without_alias(bare(text));
        let predicate = if inner.contains(' ') { format!("({inner})") } else { inner };
        let part = PartOf { column: Some(column.to_owned()), predicate, spared: BTreeSet::new() };
        if !access.parts.contains(&part) {
            access.parts.push(part);
        }
    }

    fn keys(&mut self, node: &Node) {
        let said = &node.conditions;
        for text in said.sort_key.iter().chain(&said.group_key) {
            self.need(text);
        }
        if let Some((access, keys)) = self.list(&said.sort_key)
            && let Some(access) = self.accesses.get_mut(access)
        {
            add(&mut access.orders, keys);
        }
        if let Some((access, keys)) = self.list(&said.group_key)
            && let Some(access) = self.accesses.get_mut(access)
        {
            add(&mut access.groups, keys);
        }
        // The largest or smallest value is the first of an order.
        if node.kind == "Aggregate" && said.group_key.is_empty() {
            for text in &node.output {
                let inner = text.strip_prefix("max(").or_else(|| text.strip_prefix("min("));
                if let Some(inner) = inner.and_then(|inner| inner.strip_suffix(')'))
                    && let Some((access, key, _)) = self.key(inner)
                    && let Some(access) = self.accesses.get_mut(access)
                {
                    add(&mut access.orders, vec![key]);
                }
            }
        }
    }

    /// Reads keys as far as they are of one table from the first on.
    fn list(&self, texts: &[String]) -> Option<(usize, Vec<Key>)> {
        let mut list: Option<(usize, Vec<Key>)> = None;
        for text in texts {
            let (text, is_descending, nulls_first) = directed(text);
            let Some((access, key, _)) = self.key(text) else { break };
            let key = Key { is_descending, nulls_first, ..key };
            match &mut list {
                None => list = Some((access, vec![key])),
                Some((first, keys)) if *first == access => keys.push(key),
                Some(_) => break,
            }
        }
        list
    }

    fn output(&mut self, plan: &Plan, node: &Node) {
        // A scan hands up whole rows where nobody minds: what is needed shows above it.
        let table = self.catalog.place(node).and_then(|place| self.catalog.table(place));
        let is_whole = table.is_some_and(|table: &Table| node.output.len() >= table.columns.len());
        if is_whole && node.parent.is_some() && !plan.ancestors(node).all(passes_on) {
            return;
        }
        for text in &node.output {
            self.need(text);
        }
    }

    fn need(&mut self, text: &str) {
        for reference in references(text) {
            let Some(place) = self.owner(&reference) else { continue };
            let Some(access) = self.accesses.get_mut(place) else { continue };
            self.together.needed(place, &reference.column, text);
            if reference.column == "*" {
                let table = self.catalog.table(access.table);
                access
                    .needed
                    .extend(table.iter().flat_map(|it| &it.columns).map(|it| it.name.clone()));
            } else {
                access.needed.insert(reference.column);
            }
        }
    }
}

/// Whether a node hands up what it gets.
fn passes_on(node: &Node) -> bool {
    matches!(node.kind.as_str(), "Limit" | "Append" | "Gather" | "LockRows" | "Result")
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// What a partition's name is made from.
fn base(alias: &str) -> &str {
    match alias.rsplit_once('_') {
        Some((base, number))
            if number.bytes().all(|it| it.is_ascii_digit()) && !base.is_empty() =>
        {
            base
        }
        _ => alias,
    }
}

/// Takes away brackets around the whole.
fn bare(text: &str) -> &str {
    crate::plans::condition::stripped(text)
}

/// Splits a sort key from its direction; answers whether the largest comes first, and nulls.
fn directed(text: &str) -> (&str, bool, bool) {
    let (text, nulls) = match (text.strip_suffix(" NULLS FIRST"), text.strip_suffix(" NULLS LAST"))
    {
        (Some(text), _) => (text, Some(true)),
        (_, Some(text)) => (text, Some(false)),
        _ => (text, None),
    };
    match text.strip_suffix(" DESC") {
        Some(text) => (text, true, nulls.unwrap_or(true)),
        None => (text, false, nulls.unwrap_or(false)),
    }
}

/// Whether an expression is made of many rows.
fn is_aggregate(text: &str) -> bool {
    const AGGREGATES: [&str; 9] = [
        "sum(",
        "count(",
        "avg(",
        "min(",
        "max(",
        "PARTIAL ",
        "SubPlan",
        "InitPlan",
        "row_number()",
    ];
    AGGREGATES.iter().any(|it| text.contains(it))
}

/// Whether a pattern begins with letters.
fn has_prefix(pattern: &str) -> bool {
    let text = bare(pattern);
    let inner = text.strip_prefix('\'');
    inner.is_some_and(|inner| !inner.starts_with(['%', '_', '\'', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sort_key_has_a_direction() {
        assert_eq!(directed("l.at DESC"), ("l.at", true, true));
        assert_eq!(directed("l.at DESC NULLS LAST"), ("l.at", true, false));
        assert_eq!(directed("l.at NULLS FIRST"), ("l.at", false, true));
        assert_eq!(directed("l.at"), ("l.at", false, false));
    }

    #[test]
    fn a_partition_is_called_by_its_whole() {
        assert_eq!(base("lines_12"), "lines");
        assert_eq!(base("_1"), "_1");
        assert_eq!(base("lines"), "lines");
        assert_eq!(base("lines_of"), "lines_of");
    }

    #[test]
    fn only_a_pattern_with_a_beginning_is_a_range() {
        assert!(has_prefix("'forest%'::text"));
        assert!(!has_prefix("'%forest'::text"));
        assert!(!has_prefix("other.pattern"));
    }
}
