//! `distinct on` over a large table: jumping from one group to the next reads one row of each.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{child, column, holds, output_name, taken_name, text};
use super::{Found, Outcome, Rule};
use crate::indexes::{Catalog, Table};
use crate::plans::quoted;

/// How many rows a group must have on average for jumping to be worth it.
const ROWS_A_GROUP: f64 = 20.0;

/// See the summary.
pub(super) struct LatestOfEach;

impl Rule for LatestOfEach {
    fn name(&self) -> &'static str {
        "latest-of-each"
    }

    fn why(&self) -> &'static str {
        "distinct on reads all rows of each group, even from an index. A lateral query that asks for the \
         first row behind the last group jumps over the rest; it needs an index in the order of the query."
    }

    fn rewrite(&self, _: &str, root: &SyntaxNode, catalog: &Catalog) -> Option<Outcome> {
        let parts = match Parts::of(root)? {
            Ok(parts) => parts,
            Err(reason) => return Some(Err(reason)),
        };
        let table = catalog.tables.iter().find(|table| {
            table.name.rsplit('.').next() == Some(parts.table.as_str()) || table.name == parts.table
        })?;
        if !parts.is_worth_it(table) {
            return None;
        }
        let Parts { targets, from, condition, keys, order, tail, .. } = &parts;
        // The keys of the last group are kept beside the answer's columns.
        let names: Vec<String> = (1..=keys.len()).map(|place| format!("group_{place}")).collect();
        let kept: Vec<String> =
            keys.iter().zip(&names).map(|(key, name)| format!("{key} as {name}")).collect();
        let step = |behind: &str| {
            let mut conditions: Vec<String> =
                condition.iter().map(|condition| format!("({condition})")).collect();
            if !behind.is_empty() {
                conditions.push(behind.to_owned());
            }
            let filter = if conditions.is_empty() {
                String::new()
            } else {
                format!(" where {}", conditions.join(" and "))
            };
            format!(
                "select {}, {} from {from}{filter} order by {order} limit 1",
                kept.join(", "),
                targets.join(", ")
            )
        };
        let last: Vec<String> = names.iter().map(|name| format!("latest.{name}")).collect();
        let behind = format!("({}) > ({})", keys.join(", "), last.join(", "));
        let answers: Vec<String> =
            parts.names.iter().map(|name| format!("latest.{name}")).collect();
        let sorted = if tail.is_empty() { String::new() } else { format!(" {tail}") };
        let rewritten = format!(
            "with recursive latest as (\n    ({})\n    union all\n    select next.*\n    from latest\n    cross join lateral (\n        {}) as next\n)\nselect {}\nfrom latest\norder by {}{sorted}",
            step(""),
            step(&behind),
            answers.join(", "),
            last.join(", ")
        );
        Some(Ok(Found {
            what: format!("the first row of each {} is looked up group by group", keys.join(", ")),
            sql: rewritten,
            is_same: true,
            condition: Some(format!(
                "where several rows are first by {order}, either way may give any one of them"
            )),
        }))
    }
}

/// What a `distinct on` of one table consists of.
struct Parts {
    targets: Vec<String>,
    /// What the answer's columns are called.
    names: Vec<String>,
    table: String,
    from: String,
    condition: Option<String>,
    keys: Vec<String>,
    columns: Vec<String>,
    order: String,
    /// A limit at the end.
    tail: String,
}

impl Parts {
    fn of(root: &SyntaxNode) -> Option<Result<Self, String>> {
        let is_plain = root.kind() == SyntaxKind::SELECT
            && root.children().all(|it| {
                matches!(
                    it.kind(),
                    SyntaxKind::SELECT_CLAUSE
                        | SyntaxKind::FROM_CLAUSE
                        | SyntaxKind::WHERE_CLAUSE
                        | SyntaxKind::ORDER_BY_CLAUSE
                        | SyntaxKind::LIMIT_CLAUSE
                )
            });
        let on = root.descendants().find(|it| it.kind() == SyntaxKind::DISTINCT_ON)?;
        if !is_plain {
            return None;
        }
        let clause = child(root, SyntaxKind::SELECT_CLAUSE)?;
        let list = child(&clause, SyntaxKind::TARGET_LIST)?;
        let (mut targets, mut names) = (Vec::new(), Vec::new());
        for target in list.children() {
            targets.push(text(&target));
            names.push(quoted(&output_name(&target)?));
        }
        let keys: Vec<SyntaxNode> = on.children().collect();
        let columns =
            keys.iter().map(|key| column(key).map(|(_, name)| name)).collect::<Option<_>>()?;
        let keys: Vec<String> = keys.iter().map(text).collect();
        let from = child(root, SyntaxKind::FROM_CLAUSE)?;
        let mut items = from.children();
        let item = items.next().filter(|it| it.kind() == SyntaxKind::RELATION_FROM_ITEM)?;
        if items.next().is_some() {
            return None;
        }
        let table = text(&child(&item, SyntaxKind::RELATION_NAME_REF)?);
        let order = text(&child(root, SyntaxKind::ORDER_BY_CLAUSE)?);
        let order = order.get("order by".len()..)?.trim().to_owned();
        let begins = keys.iter().zip(order.split(',')).all(|(key, said)| said.trim() == key);
        if !begins {
            return None;
        }
        let whole = text(&from);
        if let Some(reason) = differs(&list, &names, &keys, &order, &whole) {
            return Some(Err(reason));
        }
        let condition = child(root, SyntaxKind::WHERE_CLAUSE).and_then(|it| it.children().next());
        Some(Ok(Self {
            targets,
            names,
            table,
            from: whole.get("from".len()..).unwrap_or_default().trim().to_owned(),
            condition: condition.map(|it| text(&it)),
            columns,
            keys,
            order,
            tail: child(root, SyntaxKind::LIMIT_CLAUSE).map(|it| text(&it)).unwrap_or_default(),
        }))
    }

    /// Whether groups are large, and no group is without a name, which would be jumped over.
    fn is_worth_it(&self, table: &Table) -> bool {
        let mut groups = 1.0;
        for name in &self.columns {
            let Some(column) = table.column(name).filter(|column| column.is_required) else {
                return false;
            };
            groups *= column.distinct.unwrap_or(f64::INFINITY);
        }
        table.rows() / groups >= ROWS_A_GROUP
    }
}

/// Says why jumping from group to group would not give the same rows; nothing where it would.
fn differs(
    list: &SyntaxNode,
    names: &[String],
    keys: &[String],
    order: &str,
    from: &str,
) -> Option<String> {
    if order.split(',').count() < keys.len() {
        return Some(format!(
            "it is ordered by {order} alone, and groups are told apart by {}",
            keys.join(", ")
        ));
    }
    if holds(list, &[SyntaxKind::OVER_CLAUSE]) {
        return Some("a window sees all rows of a group, and jumping one of each".to_owned());
    }
    if let Some(taken) = taken_name(list, &format!("{}, {order}", keys.join(", "))) {
        return Some(format!("{taken} has another meaning among the answer's columns"));
    }
    if from.contains('(') {
        return Some("its table is renamed column by column, or sampled".to_owned());
    }
    let taken = (1..=keys.len()).map(|place| format!("group_{place}"));
    let mut all: Vec<String> = names.iter().cloned().chain(taken).collect();
    let count = all.len();
    all.sort();
    all.dedup();
    (all.len() < count).then(|| "two of the answer's columns have the same name".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tree::look;
    use super::*;

    #[test]
    fn only_a_distinct_on_of_one_table_in_its_own_order_is_taken_apart() {
        let taken = |sql: &str| look(sql, |root| Some(Parts::of(root)?.ok()?.order)).flatten();
        let order = taken(
            "select distinct on (k, l) k, l, at as seen from s as t where v > 1 order by k, l, at desc",
        );
        assert_eq!(order.as_deref(), Some("k, l, at desc"));
        assert_eq!(taken("select distinct on (k) k from s order by at, k"), None);
        assert_eq!(taken("select distinct on (k) k, count(*) from s group by k order by k"), None);
        assert_eq!(taken("select distinct on (k) * from s, t order by k"), None);
    }

    #[test]
    fn what_jumping_would_answer_otherwise_is_refused_with_its_reason() {
        let refused =
            |sql: &str| look(sql, |root| Parts::of(root)?.err()).flatten().unwrap_or_default();
        for (sql, said) in [
            ("select distinct on (k, l) k, l, at from s order by k", "ordered by k alone"),
            ("select distinct on (k) k, count(*) over () as n from s order by k, at", "window"),
            ("select distinct on (k) -k as k, v from s order by k, at", "another meaning"),
            ("select distinct on (k) k, at::date from s order by k, at", "another meaning"),
            ("select distinct on (k) k, v, w as v from s order by k, at", "same name"),
            ("select distinct on (k) k from s as t (l, k) order by k, l", "renamed"),
        ] {
            assert!(refused(sql).contains(said), "{sql}: {}", refused(sql));
        }
    }
}
