//! `not in (select …)`: one null in the list, and no row is left; `not exists` joins instead.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::day_of_time::conditions;
use super::tree::{bare, child, column, edited, operator, sides, span, text};
use super::{Found, Rule};
use crate::indexes::Catalog;

/// See the summary.
pub(super) struct NotIn;

impl Rule for NotIn {
    fn name(&self) -> &'static str {
        "not-in"
    }

    fn why(&self) -> &'static str {
        "not in (select …) can never be a join, because one null in the list means that nothing is not in \
         it: a list that does not fit into memory is searched again for each row."
    }

    fn rewrite(&self, sql: &str, root: &SyntaxNode, catalog: &Catalog) -> Option<Found> {
        let term = conditions(root).into_iter().find(|term| operator(term) == "not in")?;
        let (left, right) = sides(&term)?;
        let query = right.descendants().find(|it| it.kind() == SyntaxKind::SELECT)?;
        let is_plain = query.children().all(|it| {
            matches!(
                it.kind(),
                SyntaxKind::SELECT_CLAUSE | SyntaxKind::FROM_CLAUSE | SyntaxKind::WHERE_CLAUSE
            )
        });
        let list = child(&child(&query, SyntaxKind::SELECT_CLAUSE)?, SyntaxKind::TARGET_LIST)?;
        let mut targets = list.children();
        let target = bare(targets.next()?.children().next()?);
        if !is_plain || targets.next().is_some() {
            return None;
        }
        let outer = column(&left)?;
        let inner = column(&target)?;
        let from = child(&query, SyntaxKind::FROM_CLAUSE)?;
        let mut items = from.children();
        let item = items.next().filter(|it| it.kind() == SyntaxKind::RELATION_FROM_ITEM)?;
        let table = text(&child(&item, SyntaxKind::RELATION_NAME_REF)?);
        if items.next().is_some() {
            return None;
        }
        let known = catalog
            .tables
            .iter()
            .find(|it| it.name == table || it.name.rsplit('.').next() == Some(table.as_str()));
        // Within the brackets, a bare name is the inner table's first.
        let is_clear =
            outer.0.is_some() || known.is_some_and(|table| table.column(&outer.1).is_none());
        let outer_is_required = catalog
            .tables
            .iter()
            .filter(|it| it.column(&outer.1).is_some())
            .all(|it| it.column(&outer.1).is_some_and(|column| column.is_required));
        let inner_is_required =
            known.and_then(|table| table.column(&inner.1)).is_some_and(|column| column.is_required);
        if !is_clear {
            return None;
        }
        let condition = child(&query, SyntaxKind::WHERE_CLAUSE).and_then(|it| it.children().next());
        let filter = condition.map(|it| format!("({}) and ", text(&it))).unwrap_or_default();
        let replaced = format!(
            "not exists (select {} where {filter}{} = {})",
            text(&from),
            text(&target),
            text(&left)
        );
        let is_sure = known.is_some() && outer_is_required && inner_is_required;
        Some(Found {
            what: format!("{} not in a query becomes not exists", text(&left)),
            sql: edited(sql, vec![(span(&term), replaced)]),
            is_same: true,
            condition: (!is_sure).then(|| {
                format!(
                    "the same as long as neither {} nor {} is null; with one null, not in gives no row at all",
                    text(&left),
                    text(&target)
                )
            }),
        })
    }
}
