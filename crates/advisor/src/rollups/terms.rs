//! Questions to a rollup's query: what a condition compares, which functions are asked, how tables are joined.

use std::ops::Range;

use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::indexes::Catalog;
use crate::plans::quoted;
use crate::rewrites::tree::{
    bare, call, child, column, edited, is_value, operator, plain, sides, span, text,
};

/// The aggregates that are kept as measures.
const MEASURES: [&str; 5] = ["sum", "min", "max", "count", "avg"];

/// Rewrites a comparison of what is grouped by, with values, as one of the rollup's column.
pub(super) fn group_compared(term: &SyntaxNode, groups: &[(String, String)]) -> Option<String> {
    let parts: Vec<SyntaxNode> = term.children().collect();
    let (first, rest) = parts.split_first()?;
    let is_comparison = term.kind() == SyntaxKind::BETWEEN_EXPR
        || (term.kind() == SyntaxKind::BIN_EXPR
            && matches!(operator(term).as_str(), "=" | "<" | "<=" | ">" | ">=" | "in" | "<>"));
    let said = text(&bare(first.clone()));
    let (_, name) = groups.iter().find(|(expression, _)| *expression == said)?;
    if !is_comparison || !rest.iter().all(names_no_column) {
        return None;
    }
    let (whole, inner) = (span(term), span(first));
    let place = inner.start - whole.start..inner.end - whole.start;
    Some(edited(&text(term), vec![(place, name.clone())]))
}

/// Whether a table that is read has a column of a name; nothing where that is not known, as of what is renamed
/// or no table.
pub(super) fn is_read(from: &SyntaxNode, name: &str, catalog: &Catalog) -> Option<bool> {
    let name = plain(name);
    let mut is_read = false;
    for inner in from.descendants() {
        match inner.kind() {
            SyntaxKind::RELATION_FROM_ITEM => {
                let said = text(&child(&inner, SyntaxKind::RELATION_NAME_REF)?);
                let called = catalog.tables.iter().filter(|table| is_called(&table.name, &said));
                let mut held = called.map(|table| table.column(&name).is_some());
                let first = held.next()?;
                // Two schemas may have tables of the name.
                if held.any(|other| other != first) {
                    return None;
                }
                is_read |= first;
            }
            SyntaxKind::FROM_ALIAS if text(&inner).contains('(') => return None,
            SyntaxKind::FUNCTION_FROM_ITEM
            | SyntaxKind::PAREN_FROM_ITEM
            | SyntaxKind::JSON_TABLE_FROM_ITEM
            | SyntaxKind::GRAPH_TABLE_FROM_ITEM
            | SyntaxKind::XML_TABLE_FROM_ITEM
            | SyntaxKind::ROWS_FROM_ITEM
            | SyntaxKind::EXPR_FROM_ITEM => return None,
            _ => {}
        }
    }
    Some(is_read)
}

/// Whether a table is the one that a query calls so.
pub(super) fn is_called(table: &str, said: &str) -> bool {
    table == said || table.rsplit('.').next() == Some(said)
}

/// Names the functions of a query or a part of it, without the aggregates that are kept as measures.
pub(super) fn functions(root: &SyntaxNode) -> Vec<String> {
    let calls = root.descendants().filter_map(|it| call(&it));
    let mut names: Vec<String> =
        calls.map(|(name, _)| name).filter(|name| !MEASURES.contains(&name.as_str())).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether a node is an aggregate that is kept as a measure, with its filter.
pub(super) fn is_measure(node: &SyntaxNode) -> bool {
    call(node).is_some_and(|(name, _)| MEASURES.contains(&name.as_str()))
}

/// Whether a node is the age of a time alone, which is its distance from today.
pub(super) fn is_of_now(node: &SyntaxNode) -> bool {
    call(node).is_some_and(|(name, arguments)| name == "age" && arguments.len() == 1)
}

/// Names the columns that are compared with one of the same name, of another table.
pub(super) fn links(root: &SyntaxNode) -> Vec<String> {
    let equal = root.descendants().filter_map(|node| {
        let (left, right) = sides(&node)
            .filter(|_| node.kind() == SyntaxKind::BIN_EXPR && operator(&node) == "=")?;
        let (one, other) = (column(&left)?, column(&right)?);
        (one.1 == other.1 && one.0 != other.0).then_some(one.1)
    });
    let using = root.descendants().filter(|it| it.kind() == SyntaxKind::JOIN_USING_CLAUSE);
    let shared = using.flat_map(|clause| {
        let names = clause.descendants().filter_map(|it| column(&it)).map(|(_, name)| name);
        names.collect::<Vec<_>>()
    });
    equal.chain(shared).collect()
}

/// Whether an expression names no column: it may call functions, which are asked when the rollup is.
pub(super) fn names_no_column(node: &SyntaxNode) -> bool {
    is_value(node)
        || node.descendants().all(|inner| match inner.kind() {
            SyntaxKind::NAME_REF => {
                is_value(&inner)
                    || inner.parent().is_some_and(|above| {
                        let callee = above.kind() == SyntaxKind::FIELD_EXPR;
                        let above = if callee { above.parent().unwrap_or(above) } else { above };
                        above.kind() == SyntaxKind::CALL_EXPR
                    })
            }
            SyntaxKind::SELECT => false,
            _ => true,
        })
}

/// Names the rollup's columns where the query names what it groups by, outside aggregates.
pub(super) fn name_groups(
    root: &SyntaxNode,
    groups: &[(String, String)],
    edits: &mut Vec<(Range<usize>, String)>,
) {
    let skipped = [SyntaxKind::FROM_CLAUSE, SyntaxKind::WHERE_CLAUSE];
    for node in root.descendants() {
        let place = span(&node);
        let is_done =
            edits.iter().any(|(done, _)| done.start <= place.start && place.end <= done.end);
        let is_elsewhere = node
            .ancestors()
            .any(|above| skipped.contains(&above.kind()) || above.kind() == SyntaxKind::AS_NAME);
        let is_expression = matches!(
            node.kind(),
            SyntaxKind::CALL_EXPR
                | SyntaxKind::CAST_EXPR
                | SyntaxKind::FIELD_EXPR
                | SyntaxKind::NAME_REF
                | SyntaxKind::BIN_EXPR
        );
        if is_done || is_elsewhere || !is_expression {
            continue;
        }
        let said = text(&node);
        if let Some((_, name)) = groups.iter().find(|(expression, _)| *expression == said) {
            let is_named = node.parent().is_some_and(|above| {
                above.kind() == SyntaxKind::TARGET && child(&above, SyntaxKind::AS_NAME).is_none()
            });
            // A column of the answer keeps its name.
            let own = column(&node).map(|(_, column)| quoted(&column));
            let new = match own {
                Some(own) if is_named && own != *name => format!("{name} as {own}"),
                _ => name.clone(),
            };
            edits.push((place, new));
        }
    }
}
