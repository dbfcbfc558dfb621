//! Expressions: what they call and which columns they name.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::action::{CallOf, Expression};
use super::super::{Name, Span};
use super::node::{Place, child, name, one_line, plain_name, span, unquoted};

/// Keywords that read like a column and are functions.
const WORDS_FOR_FUNCTIONS: &[&str] = &[
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
    "localtime",
    "current_user",
    "session_user",
    "user",
    "current_role",
];

/// Reads an expression.
pub(super) fn expression(node: &SyntaxNode, place: &Place<'_>) -> Expression {
    let (calls, columns) = named(node);
    Expression { text: one_line(node), span: span(node, place), calls, columns }
}

/// Returns the functions that are called below a node, and other names there.
pub(super) fn named(node: &SyntaxNode) -> (Vec<String>, Vec<String>) {
    let (mut calls, mut columns) = (Vec::new(), Vec::new());
    for inner in node.descendants() {
        match inner.kind() {
            SyntaxKind::CALL_EXPR => {
                if let Some(called) = function_name(&inner) {
                    calls.push(called.name);
                }
            }
            SyntaxKind::NAME_REF => {
                let is_called = inner.ancestors().skip(1).take(2).any(|above| {
                    above.kind() == SyntaxKind::CALL_EXPR
                        && above.children().next().is_some_and(|first| {
                            first.text_range().contains_range(inner.text_range())
                        })
                });
                let word = plain_name(&inner);
                if WORDS_FOR_FUNCTIONS.contains(&word.as_str()) {
                    calls.push(word);
                } else if !is_called {
                    columns.push(word);
                }
            }
            _ => {}
        }
    }
    (calls, columns)
}

/// Returns the name of the function that a call calls.
fn function_name(call: &SyntaxNode) -> Option<Name> {
    let first = call.children().next()?;
    match first.kind() {
        SyntaxKind::NAME_REF => Some(Name { schema: None, name: plain_name(&first) }),
        SyntaxKind::FIELD_EXPR => {
            let mut parts: Vec<String> = first
                .children()
                .filter(|part| part.kind() == SyntaxKind::NAME_REF)
                .map(|part| plain_name(&part))
                .collect();
            let name = parts.pop()?;
            Some(Name { schema: parts.pop(), name })
        }
        _ => None,
    }
}

/// Returns all calls below a node, outermost first.
pub(super) fn calls(node: &SyntaxNode) -> Vec<CallOf> {
    node.descendants()
        .filter(|inner| inner.kind() == SyntaxKind::CALL_EXPR)
        .filter_map(|call| {
            let called = function_name(&call)?;
            let name = match called.schema {
                Some(schema) => format!("{schema}.{}", called.name),
                None => called.name,
            };
            let arguments = child(&call, SyntaxKind::ARG_LIST)
                .map(|list| list.children().map(|argument| argument_of(&argument)).collect())
                .unwrap_or_default();
            Some(CallOf { name, arguments })
        })
        .collect()
}

/// Returns an argument's parameter name, where it is written, and its value.
fn argument_of(argument: &SyntaxNode) -> (Option<String>, String) {
    let named = child(argument, SyntaxKind::NAMED_ARG);
    let value_in = named.as_ref().unwrap_or(argument);
    let parameter = named.as_ref().and_then(|named| named.children().next());
    let value = value_in.children().last();
    // A cast says what kind of name a text is: 'stores'::regclass.
    let value = value.map(|value| match value.kind() {
        SyntaxKind::CAST_EXPR => child(&value, SyntaxKind::LITERAL).unwrap_or(value),
        _ => value,
    });
    (
        parameter.map(|node| plain_name(&node)),
        value.map(|value| unquoted(&one_line(&value))).unwrap_or_default(),
    )
}

/// Returns the tables that queries below a node read.
pub(super) fn tables_read(node: &SyntaxNode) -> Vec<Name> {
    let named_here: Vec<String> = node
        .descendants()
        .filter(|inner| inner.kind() == SyntaxKind::CTE_NAME)
        .map(|inner| plain_name(&inner))
        .collect();
    node.descendants()
        .filter(|inner| inner.kind() == SyntaxKind::RELATION_FROM_ITEM)
        .filter_map(|item| child(&item, SyntaxKind::RELATION_NAME_REF))
        .map(|reference| name(&reference))
        .filter(|name| name.schema.is_some() || !named_here.contains(&name.name))
        .collect()
}

/// Returns where `*` stands in the columns of a query or of its parts, not in `exists (..)`.
pub(super) fn stars(node: &SyntaxNode, place: &Place<'_>) -> Vec<Span> {
    node.descendants()
        .filter(|inner| inner.kind() == SyntaxKind::TARGET)
        .filter(|target| {
            let is_star = one_line(target).ends_with('*')
                && !target.descendants().any(|inner| inner.kind() == SyntaxKind::ARG_LIST);
            let is_hidden = target.ancestors().any(|above| {
                matches!(above.kind(), SyntaxKind::EXISTS_FN | SyntaxKind::WITH_TABLE)
            });
            is_star && !is_hidden
        })
        .map(|target| span(&target, place))
        .collect()
}
