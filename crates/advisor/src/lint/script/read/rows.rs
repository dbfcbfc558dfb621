//! Statements that change rows, and how many of them.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::action::{Action, ChangeRows, Condition};
use super::node::{child, inner, name, name_in, one_line, plain_name, unquoted};
use super::{expression, node};

/// Reads `update`, `delete`, `merge` or `insert`.
pub(super) fn change(verb: &'static str, statement: &SyntaxNode) -> Action {
    let target = match verb {
        "insert" => child(statement, SyntaxKind::RELATION_NAME_REF).map(|target| name(&target)),
        "merge" => name_in(statement, &[SyntaxKind::TABLE_NAME_REF]),
        _ => child(statement, SyntaxKind::RELATION_NAME).map(|target| name(&target)),
    };
    let Some(table) = target else { return Action::Other };
    let condition = child(statement, SyntaxKind::WHERE_CLAUSE)
        .and_then(|clause| clause.children().next())
        .map(|condition| read_condition(&condition, statement));
    let texts = statement
        .descendants()
        .filter(|inner| inner.kind() == SyntaxKind::LITERAL)
        .map(|literal| one_line(&literal))
        .filter(|text| text.starts_with('\''))
        .map(|text| unquoted(&text))
        .collect();
    let reads = expression::tables_read(statement);
    // Also behind a conflict or in a merge. Statements below a `with` are read by themselves.
    let is_its_own = |clause: &SyntaxNode| {
        let mut above = clause.ancestors().take_while(|above| above != statement);
        above.all(|above| above.kind() != SyntaxKind::WITH_TABLE)
    };
    let sets = statement
        .descendants()
        .filter(|inner| inner.kind() == SyntaxKind::SET_CLAUSE && is_its_own(inner))
        .flat_map(|clause| columns_set(&clause))
        .collect();
    let is_limited = has_limit(statement);
    // Rows that are written out are as many as somebody wrote.
    if verb == "insert" && (reads.is_empty() || is_limited) {
        return Action::ChangeRows(ChangeRows {
            verb,
            table,
            condition: None,
            reads: Vec::new(),
            texts,
            sets,
        });
    }
    Action::ChangeRows(ChangeRows { verb, table, condition, reads, texts, sets })
}

fn columns_set(clause: &SyntaxNode) -> Vec<String> {
    clause
        .descendants()
        .filter(|inner| inner.kind() == SyntaxKind::COLUMN_TARGET)
        .flat_map(|target| node::column_names(&target))
        .collect()
}

pub(super) fn has_limit(statement: &SyntaxNode) -> bool {
    statement
        .descendants()
        .any(|inner| matches!(inner.kind(), SyntaxKind::LIMIT_CLAUSE | SyntaxKind::FETCH_CLAUSE))
}

fn read_condition(condition: &SyntaxNode, statement: &SyntaxNode) -> Condition {
    let mut lower = Vec::new();
    let mut upper = Vec::new();
    let mut ranged = Vec::new();
    let mut equal = Vec::new();
    let mut found = Vec::new();
    for term in terms(condition) {
        let first = term.children().next();
        // Of a row of columns, each has to equal its value.
        if let Some(row) = first.as_ref().filter(|it| it.kind() == SyntaxKind::TUPLE_EXPR)
            && matches!(operator(&term).as_str(), "=" | "in")
        {
            let listed = if finds_rows(&term) { &mut found } else { &mut equal };
            listed.extend(row.children().filter_map(|each| column_of(&each)));
            continue;
        }
        let column = first.and_then(|first| column_of(&first));
        match (term.kind(), column) {
            (SyntaxKind::BETWEEN_EXPR, Some(column)) if !node::has(&term, SyntaxKind::NOT_KW) => {
                ranged.push(column);
            }
            (SyntaxKind::BIN_EXPR, Some(column)) => match operator(&term).as_str() {
                "=" | "in" if finds_rows(&term) => found.push(column),
                "=" if is_value(&term, statement, &column) => equal.push(column),
                "in" => equal.push(column),
                ">" | ">=" => lower.push(column),
                "<" | "<=" => upper.push(column),
                _ => {}
            },
            _ => {}
        }
    }
    ranged.extend(lower.into_iter().filter(|column| upper.contains(column)));
    let text = one_line(condition);
    let squeezed: String = text.to_lowercase().split_whitespace().collect();
    let is_always_true = matches!(squeezed.as_str(), "true" | "1=1" | "(true)" | "(1=1)" | "'t'");
    Condition { text, is_always_true, has_limit: has_limit(statement), ranged, equal, found }
}

/// Returns the parts of a condition that must all hold.
fn terms(condition: &SyntaxNode) -> Vec<SyntaxNode> {
    let mut terms = Vec::new();
    let mut open = vec![condition.clone()];
    while let Some(node) = open.pop() {
        match node.kind() {
            SyntaxKind::PAREN_EXPR => open.extend(node.children()),
            SyntaxKind::BIN_EXPR if node::has(&node, SyntaxKind::AND_KW) => {
                open.extend(node.children());
            }
            _ => terms.push(node),
        }
    }
    terms
}

/// Returns the operator of a comparison.
pub(super) fn operator(term: &SyntaxNode) -> String {
    let mut parts = String::new();
    let operands: Vec<SyntaxNode> = term.children().collect();
    let (Some(left), Some(right)) = (operands.first(), operands.last()) else { return parts };
    for element in term.children_with_tokens() {
        let range = element.text_range();
        let is_between =
            range.start() >= left.text_range().end() && range.end() <= right.text_range().start();
        if is_between && !element.kind().is_trivia() {
            parts.push_str(&element.to_string().to_lowercase());
        }
    }
    parts.trim().to_owned()
}

fn column_of(node: &SyntaxNode) -> Option<String> {
    match node.kind() {
        SyntaxKind::NAME_REF => Some(plain_name(node)),
        SyntaxKind::FIELD_EXPR => node.children().last().map(|last| plain_name(&last)),
        SyntaxKind::PAREN_EXPR => node.children().next().and_then(|inside| column_of(&inside)),
        _ => None,
    }
}

/// Whether the rows of a query are what a column is compared with.
fn finds_rows(term: &SyntaxNode) -> bool {
    term.children().last().is_some_and(|right| !expression::tables_read(&right).is_empty())
}

/// Whether the right side of a comparison is a value, and neither the column itself nor one of another table.
fn is_value(term: &SyntaxNode, statement: &SyntaxNode, column: &str) -> bool {
    let Some(right) = term.children().last() else { return false };
    match right.kind() {
        SyntaxKind::LITERAL | SyntaxKind::CALL_EXPR => true,
        SyntaxKind::CAST_EXPR => inner(&right, SyntaxKind::LITERAL).is_some(),
        // A variable of a block; beside other tables a column of theirs, which is no bound.
        SyntaxKind::NAME_REF => {
            plain_name(&right) != column && expression::tables_read(statement).is_empty()
        }
        _ => false,
    }
}
