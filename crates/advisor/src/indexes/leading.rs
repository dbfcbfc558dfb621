//! Statements written so that another table comes first.
//!
//! HypoPG keeps the condition and the expressions of a hypothetical index as they are when it is made, for a
//! table in the first place (`hypopg_index.c`, up to 1.4). The planner knows them again only where a query
//! names the table first; in the second place of a join, no index of some rows or of an expression would ever
//! be of use. So the planner is also asked what the same statement costs with the table moved to the front.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::rewrites::tree::{child, has, holds, look, span, text};

/// From more tables than this on, the planner keeps to the order in which they are written
/// (`join_collapse_limit`): another order would be another question.
const MOST_TABLES: usize = 8;

/// Returns the statement with a table moved to the front of each query that names it further behind, one
/// such place at a time. What gives the same rows is enough: the columns of a `*` may come in another order.
pub(crate) fn with_first(sql: &str, table: &str) -> Vec<String> {
    let name = last_part(table);
    let rewritten = look(sql, |root| {
        let clauses = root.descendants().filter(|it| it.kind() == SyntaxKind::FROM_CLAUSE);
        let mut rewritten = Vec::new();
        for clause in clauses.filter(may_move) {
            let place = span(&clause);
            for from in moved(&clause, &name) {
                let (before, behind) = (sql.get(..place.start), sql.get(place.end..));
                if let (Some(before), Some(behind)) = (before, behind) {
                    rewritten.push(format!("{before}from {from}{behind}"));
                }
            }
        }
        rewritten
    });
    rewritten.unwrap_or_default()
}

/// Whether the tables of a clause may stand in any order: none looks at what stands before it.
fn may_move(clause: &SyntaxNode) -> bool {
    let items = || clause.children().flat_map(|item| own_items(&item));
    let is_free = |item: &SyntaxNode| match item.kind() {
        SyntaxKind::RELATION_FROM_ITEM => true,
        SyntaxKind::PAREN_FROM_ITEM => !has(item, SyntaxKind::LATERAL_KW),
        _ => false,
    };
    items().count() <= MOST_TABLES && items().all(|item| is_free(&item))
}

/// Returns the tables of an item, those of derived tables within it left out.
fn own_items(item: &SyntaxNode) -> Vec<SyntaxNode> {
    match halves(item) {
        Some((left, join)) => {
            let right = right_of(&join).map(|right| own_items(&right)).unwrap_or_default();
            own_items(&left).into_iter().chain(right).collect()
        }
        None => vec![item.clone()],
    }
}

/// Splits a join into what stands on its left and the rest.
fn halves(item: &SyntaxNode) -> Option<(SyntaxNode, SyntaxNode)> {
    if item.kind() != SyntaxKind::JOIN_EXPR {
        return None;
    }
    Some((item.children().next()?, child(item, SyntaxKind::JOIN)?))
}

/// Returns what stands on the right of a join.
fn right_of(join: &SyntaxNode) -> Option<SyntaxNode> {
    let kinds =
        [SyntaxKind::JOIN_EXPR, SyntaxKind::RELATION_FROM_ITEM, SyntaxKind::PAREN_FROM_ITEM];
    join.children().find(|it| kinds.contains(&it.kind()))
}

/// Writes what a clause reads with each place of the table first in turn; it is left out where it is first.
fn moved(clause: &SyntaxNode, table: &str) -> Vec<String> {
    let items: Vec<SyntaxNode> = clause.children().collect();
    let mut all = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let count = own_items(item).iter().filter(|it| is_of(it, table)).count();
        for nth in 0..count {
            let Some(first) = led(item, table, &mut { nth }) else { continue };
            let others = items.iter().enumerate().filter(|(other, _)| *other != place);
            let others = others.map(|(_, other)| text(other));
            all.push(std::iter::once(first).chain(others).collect::<Vec<_>>().join(", "));
        }
    }
    let is_first = items.first().and_then(|it| own_items(it).into_iter().next());
    if is_first.is_some_and(|first| is_of(&first, table)) && !all.is_empty() {
        all.remove(0);
    }
    all
}

/// Writes an item with the table's next place but `skip` on the far left.
fn led(item: &SyntaxNode, table: &str, skip: &mut usize) -> Option<String> {
    let Some((left, join)) = halves(item) else {
        if !is_of(item, table) {
            return None;
        }
        if *skip == 0 {
            return Some(text(item));
        }
        *skip -= 1;
        return None;
    };
    if let Some(left) = led(&left, table, skip) {
        return Some(format!("{left} {}", text(&join)));
    }
    let right = right_of(&join)?;
    let first = led(&right, table, skip)?;
    let kind = mirrored(&join)?;
    let left = if halves(&left).is_some() { format!("({})", text(&left)) } else { text(&left) };
    let conditions = [SyntaxKind::ON_CLAUSE, SyntaxKind::JOIN_USING_CLAUSE];
    let condition = join.children().find(|it| conditions.contains(&it.kind()));
    let condition = condition.map(|it| text(&it)).unwrap_or_default();
    Some(format!("{first} {kind} {left} {condition}"))
}

/// Returns the words of a join seen from its right.
fn mirrored(join: &SyntaxNode) -> Option<String> {
    let has_kind = |kind| child(join, kind).is_some();
    let kind = if has_kind(SyntaxKind::JOIN_LEFT) {
        "right join"
    } else if has_kind(SyntaxKind::JOIN_RIGHT) {
        "left join"
    } else if has_kind(SyntaxKind::JOIN_FULL) {
        "full join"
    } else if has_kind(SyntaxKind::JOIN_CROSS) {
        "cross join"
    } else if has_kind(SyntaxKind::JOIN_INNER) {
        "join"
    } else {
        return None;
    };
    let natural = if has(join, SyntaxKind::NATURAL_KW) { "natural " } else { "" };
    Some(format!("{natural}{kind}"))
}

/// Whether an item is a table of that name.
fn is_of(item: &SyntaxNode, table: &str) -> bool {
    let is_relation = item.kind() == SyntaxKind::RELATION_FROM_ITEM;
    let name = item.children().next().map(|it| last_part(&text(&it)));
    is_relation && !holds(item, &[SyntaxKind::TABLESAMPLE_CLAUSE]) && name.as_deref() == Some(table)
}

/// Returns a name without its schema, as the server keeps it.
fn last_part(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name).trim();
    match last.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => last.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_side_of_a_join_comes_first_and_gives_the_same_rows() {
        let sql =
            "select * from customer c left join public.orders o on c.id = o.customer where c.x > 1";
        assert_eq!(
            with_first(sql, "public.orders"),
            [
                "select * from public.orders o right join customer c on c.id = o.customer where c.x > 1"
            ]
        );
        assert_eq!(with_first(sql, "public.customer"), Vec::<String>::new());
    }

    #[test]
    fn a_table_within_a_list_or_further_joins_comes_first() {
        let sql = "select 1 from a, b join c on b.x = c.x full join d using (y), e";
        assert_eq!(
            with_first(sql, "s.d"),
            ["select 1 from d full join (b join c on b.x = c.x) using (y), a, e"]
        );
        assert_eq!(
            with_first(sql, "s.c"),
            ["select 1 from c join b on b.x = c.x full join d using (y), a, e"]
        );
        assert_eq!(
            with_first("select 1 from (select 2 from a, \"B\" as x) as y, B", "s.\"B\""),
            ["select 1 from (select 2 from \"B\" as x, a) as y, B"]
        );
    }

    #[test]
    fn each_place_of_a_table_comes_first_in_turn() {
        assert_eq!(
            with_first("select 1 from a x, b, a y, a z", "s.a"),
            ["select 1 from a y, a x, b, a z", "select 1 from a z, a x, b, a y"]
        );
    }

    #[test]
    fn what_looks_at_what_stands_before_it_is_left_alone() {
        for sql in [
            "select 1 from a, lateral (select a.x) as l, b",
            "select 1 from a, generate_series(1, a.x), b",
            "select 1 from b",
            "select from from",
        ] {
            assert_eq!(with_first(sql, "s.b"), Vec::<String>::new(), "{sql}");
        }
    }
}
