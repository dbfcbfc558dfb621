//! `not in (select …)`: one null in the list, and no row is left; `not exists` joins instead.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::day_of_time::conditions;
use super::tree::{bare, child, column, edited, holds, operator, plain, sides, span, text};
use super::{Found, Outcome, Rule, reads_unknown};
use crate::indexes::{Catalog, Table};

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

    fn rewrite(&self, sql: &str, root: &SyntaxNode, catalog: &Catalog) -> Option<Outcome> {
        let term = conditions(root).into_iter().find(|term| operator(term) == "not in")?;
        let (left, right) = sides(&term)?;
        let query = right.descendants().find(|it| it.kind() == SyntaxKind::SELECT)?;
        if without_brackets(&text(&right)) != text(&query) {
            return Some(Err("its list is not one query alone".to_owned()));
        }
        let parts = Parts::of(&left, &query)?;
        if let Some(reason) = parts.misread(catalog) {
            return Some(Err(reason));
        }
        let condition = child(&query, SyntaxKind::WHERE_CLAUSE).and_then(|it| it.children().next());
        let filter = condition.map(|it| format!("({}) and ", text(&it))).unwrap_or_default();
        let replaced = format!(
            "not exists (select {} where {filter}{} = {})",
            parts.from,
            parts.target,
            text(&left)
        );
        let is_sure = parts.has_no_null(root, catalog);
        Some(Ok(Found {
            what: format!("{} not in a query becomes not exists", text(&left)),
            sql: edited(sql, vec![(span(&term), replaced)]),
            is_same: true,
            condition: (!is_sure).then(|| {
                format!(
                    "the same as long as neither {} nor {} is null; with one null, not in gives no row at all",
                    text(&left),
                    parts.target
                )
            }),
        }))
    }
}

/// A column of a table, as it is written.
type Named = (Option<String>, String);

/// What is looked for, and where.
struct Parts {
    outer: Named,
    inner: Named,
    target: String,
    from: String,
    table: String,
    /// What the inner table is called in its query.
    called: String,
}

impl Parts {
    fn of(left: &SyntaxNode, query: &SyntaxNode) -> Option<Self> {
        let is_plain = query.children().all(|it| {
            matches!(
                it.kind(),
                SyntaxKind::SELECT_CLAUSE | SyntaxKind::FROM_CLAUSE | SyntaxKind::WHERE_CLAUSE
            )
        });
        let list = child(&child(query, SyntaxKind::SELECT_CLAUSE)?, SyntaxKind::TARGET_LIST)?;
        let mut targets = list.children();
        let target = bare(targets.next()?.children().next()?);
        let from = child(query, SyntaxKind::FROM_CLAUSE)?;
        let mut items = from.children();
        let item = items.next().filter(|it| it.kind() == SyntaxKind::RELATION_FROM_ITEM)?;
        let is_one = targets.next().is_none() && items.next().is_none();
        if !is_plain || !is_one || text(&item).contains('(') {
            return None;
        }
        let table = text(&child(&item, SyntaxKind::RELATION_NAME_REF)?);
        let alias = child(&item, SyntaxKind::FROM_ALIAS)
            .and_then(|alias| text(&alias).split_whitespace().last().map(plain));
        let own = || plain(table.rsplit('.').next().unwrap_or(&table));
        Some(Self {
            outer: column(left)?,
            inner: column(&target)?,
            target: text(&target),
            from: text(&from),
            called: alias.unwrap_or_else(own),
            table,
        })
    }

    fn table<'c>(&self, catalog: &'c Catalog) -> Option<&'c Table> {
        let is_it = |it: &&Table| {
            it.name == self.table || it.name.rsplit('.').next() == Some(self.table.as_str())
        };
        catalog.tables.iter().find(is_it)
    }

    /// Says why the outer column would be another one within the brackets, where a name is the inner
    /// table's first.
    fn misread(&self, catalog: &Catalog) -> Option<String> {
        const SYSTEM: [&str; 6] = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];
        let (table, name) = &self.outer;
        let is_everywhere = SYSTEM.contains(&name.as_str());
        match table {
            Some(table) if *table == self.called => {
                Some(format!("{table} is a table of both queries: name the outer one otherwise"))
            }
            Some(_) => None,
            None if !is_everywhere
                && self.table(catalog).is_some_and(|it| it.column(name).is_none()) =>
            {
                None
            }
            None => Some(format!(
                "{name} may be a column of {} too, and would be that one within the brackets: write its \
                 table before it",
                self.table
            )),
        }
    }

    /// Whether neither side can be null: columns that are required, of tables that no join and no other
    /// query fills with nulls.
    fn has_no_null(&self, root: &SyntaxNode, catalog: &Catalog) -> bool {
        let makes_nulls = [
            SyntaxKind::JOIN_LEFT,
            SyntaxKind::JOIN_RIGHT,
            SyntaxKind::JOIN_FULL,
            SyntaxKind::PAREN_FROM_ITEM,
            SyntaxKind::FUNCTION_FROM_ITEM,
            SyntaxKind::WITH_CLAUSE,
            SyntaxKind::GROUP_BY_CLAUSE,
        ];
        let mut outer = catalog.tables.iter().filter_map(|it| it.column(&self.outer.1)).peekable();
        let inner = self.table(catalog).and_then(|table| table.column(&self.inner.1));
        // A view may join in its turn, and fill columns of any name with nulls.
        !holds(root, &makes_nulls)
            && !reads_unknown(root, catalog)
            && outer.peek().is_some()
            && outer.all(|column| column.is_required)
            && inner.is_some_and(|column| column.is_required)
    }
}

/// Takes brackets around a text away.
fn without_brackets(text: &str) -> &str {
    let mut inner = text.trim();
    while let Some(less) = inner.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
        inner = less.trim();
    }
    inner
}
