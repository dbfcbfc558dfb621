//! Conditions of policies: which rows they let through, as far as their shape tells.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::object::Logic;
use super::expression::{named, tables_read};
use super::node::{child, has, one_line, plain_name};
use super::rows::operator;

/// Calls that put values together and know nothing of who asks.
const COMBINING: &[&str] =
    &["any", "some", "all", "array", "row", "coalesce", "nullif", "lower", "upper", "trim"];

/// Reads a condition.
pub(super) fn logic(node: &SyntaxNode) -> Logic {
    match node.kind() {
        SyntaxKind::PAREN_EXPR | SyntaxKind::TARGET | SyntaxKind::CAST_EXPR => {
            match inner_expression(node) {
                Some(inside) => logic(&inside),
                None => Logic::Unclear,
            }
        }
        SyntaxKind::LITERAL => match one_line(node).to_lowercase().as_str() {
            "false" | "null" => Logic::Never,
            _ => Logic::Open,
        },
        SyntaxKind::BIN_EXPR if has(node, SyntaxKind::AND_KW) => Logic::All(sides(node)),
        SyntaxKind::BIN_EXPR if has(node, SyntaxKind::OR_KW) => Logic::Any(sides(node)),
        SyntaxKind::BIN_EXPR => comparison(node),
        // A choice is followed no further than to a branch that lets everything through.
        SyntaxKind::CASE_EXPR if has_plain_true(node) => Logic::Open,
        SyntaxKind::CALL_EXPR if has(node, SyntaxKind::EXISTS_FN) => Logic::Exists(named(node).1),
        SyntaxKind::CALL_EXPR if is_true_by_default(node) => Logic::Open,
        SyntaxKind::CALL_EXPR if named_outside_queries(node).is_empty() && !reads_rows(node) => {
            // It does not look at the row: all of them or none.
            Logic::Open
        }
        SyntaxKind::CALL_EXPR | SyntaxKind::CASE_EXPR | SyntaxKind::SELECT => Logic::Unclear,
        _ => Logic::Open,
    }
}

fn sides(node: &SyntaxNode) -> Vec<Logic> {
    node.children().map(|side| logic(&side)).collect()
}

fn inner_expression(node: &SyntaxNode) -> Option<SyntaxNode> {
    node.children().next()
}

fn has_plain_true(node: &SyntaxNode) -> bool {
    node.descendants().any(|inner| {
        inner.kind() == SyntaxKind::LITERAL && one_line(&inner).eq_ignore_ascii_case("true")
    })
}

/// Whether it is `coalesce(.., true)`, which lets a row through where nobody said who asks.
fn is_true_by_default(node: &SyntaxNode) -> bool {
    let is_coalesce = node.children().next().is_some_and(|first| plain_name(&first) == "coalesce");
    let arguments = child(node, SyntaxKind::ARG_LIST);
    let mut values = arguments.iter().flat_map(SyntaxNode::children);
    is_coalesce && values.any(|value| one_line(&value).eq_ignore_ascii_case("true"))
}

/// Reads a comparison: only one for equality binds a column to a value.
fn comparison(node: &SyntaxNode) -> Logic {
    let operator: String = operator(node).split_whitespace().collect();
    let (Some(left), Some(right)) = (node.children().next(), node.children().last()) else {
        return Logic::Open;
    };
    if !matches!(operator.as_str(), "=" | "in" | "isnotdistinctfrom") {
        return Logic::Open;
    }
    let bound = |side: &SyntaxNode, other: &SyntaxNode| {
        let column = column_of(side)?;
        // What is compared with itself holds always.
        let is_itself = named_outside_queries(other).contains(&column);
        let calls = named(other).0;
        let asks = calls.iter().any(|call| !COMBINING.contains(&call.as_str()));
        let reads = tables_read(other);
        (!is_itself).then_some(Logic::Equal { column, asks, reads })
    };
    bound(&left, &right).or_else(|| bound(&right, &left)).unwrap_or(Logic::Open)
}

/// Returns the column that a side of a comparison is, whatever it is cast to.
fn column_of(node: &SyntaxNode) -> Option<String> {
    match node.kind() {
        SyntaxKind::NAME_REF => Some(plain_name(node)),
        SyntaxKind::FIELD_EXPR => node.children().last().map(|last| plain_name(&last)),
        SyntaxKind::PAREN_EXPR | SyntaxKind::CAST_EXPR => {
            node.children().next().and_then(|inside| column_of(&inside))
        }
        _ => None,
    }
}

/// Returns the columns that an expression names of the row at hand, not those of queries within.
fn named_outside_queries(node: &SyntaxNode) -> Vec<String> {
    let is_query = |kind| matches!(kind, SyntaxKind::SELECT | SyntaxKind::VALUES);
    if is_query(node.kind()) {
        return Vec::new();
    }
    if !node.descendants().any(|inner| is_query(inner.kind())) {
        return named(node).1;
    }
    node.children().flat_map(|child| named_outside_queries(&child)).collect()
}

fn reads_rows(node: &SyntaxNode) -> bool {
    !tables_read(node).is_empty()
}
