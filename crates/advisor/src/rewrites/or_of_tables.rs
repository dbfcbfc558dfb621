//! Alternatives between two tables: no index serves both, so each gets its own question.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{column, edited, holds, operator, sides, span, terms, text};
use super::{Found, Outcome, Rule};
use crate::indexes::Catalog;

/// See the summary.
pub(super) struct OrOfTables;

impl Rule for OrOfTables {
    fn name(&self) -> &'static str {
        "or-of-tables"
    }

    fn why(&self) -> &'static str {
        "An alternative between two tables is decided after they are joined; each half alone can begin at its \
         own table's index."
    }

    fn rewrite(&self, sql: &str, root: &SyntaxNode, _: &Catalog) -> Option<Outcome> {
        let others = [
            SyntaxKind::GROUP_BY_CLAUSE,
            SyntaxKind::HAVING_CLAUSE,
            SyntaxKind::ORDER_BY_CLAUSE,
            SyntaxKind::LIMIT_CLAUSE,
            SyntaxKind::FETCH_CLAUSE,
            SyntaxKind::OFFSET_CLAUSE,
            SyntaxKind::DISTINCT_CLAUSE,
            SyntaxKind::OVER_CLAUSE,
            SyntaxKind::WITH_CLAUSE,
            SyntaxKind::LOCKING_CLAUSE,
        ];
        let clause = super::tree::child(root, SyntaxKind::SELECT_CLAUSE)?;
        // Aggregates and volatile functions would be asked twice.
        let calls = clause.descendants().any(|it| it.kind() == SyntaxKind::CALL_EXPR);
        if root.kind() != SyntaxKind::SELECT || holds(root, &others) || calls {
            return None;
        }
        let condition = super::tree::child(root, SyntaxKind::WHERE_CLAUSE)?.children().next()?;
        for term in terms(&condition) {
            let inner = super::tree::bare(term.clone());
            if operator(&inner) != "or" {
                continue;
            }
            let (left, right) = sides(&inner)?;
            let (one, other) = (table(&left)?, table(&right)?);
            if one == other {
                continue;
            }
            let place = span(&term);
            let sql = sql.trim_end().trim_end_matches(';');
            let (left, right) = (text(&left), text(&right));
            let first = edited(sql, vec![(place.clone(), format!("({left})"))]);
            let rest = format!("({right} and ({left}) is not true)");
            let second = edited(sql, vec![(place, rest)]);
            return Some(Ok(Found {
                what: format!("the alternative between {one} and {other} becomes two questions"),
                sql: format!("{first}\nunion all\n{second}"),
                is_same: true,
                condition: None,
            }));
        }
        None
    }
}

/// Returns the one table that an expression's columns name.
fn table(node: &SyntaxNode) -> Option<String> {
    let mut tables: Vec<String> = Vec::new();
    for inner in node.descendants().filter(|it| it.kind() == SyntaxKind::FIELD_EXPR) {
        tables.push(column(&inner)?.0?);
    }
    tables.dedup();
    let [only] = tables.as_slice() else { return None };
    Some(only.clone())
}
