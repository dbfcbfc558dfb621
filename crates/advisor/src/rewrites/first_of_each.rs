//! A row number of which only the first is kept: `distinct on` says the same, and stops counting.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{
    bare, child, column, edited, holds, operator, plain, sides, span, taken_name, terms, text,
};
use super::{Found, Outcome, Rule};
use crate::indexes::Catalog;

/// See the summary.
pub(super) struct FirstOfEach;

impl Rule for FirstOfEach {
    fn name(&self) -> &'static str {
        "first-of-each"
    }

    fn why(&self) -> &'static str {
        "A window numbers every row before all but the first of each are thrown away; distinct on keeps the \
         first as it goes, from an index in that order without sorting."
    }

    fn rewrite(&self, sql: &str, root: &SyntaxNode, catalog: &Catalog) -> Option<Outcome> {
        let call = root.descendants().find(is_row_number)?;
        let target = call.ancestors().find(|above| above.kind() == SyntaxKind::TARGET)?;
        // What is calculated with the number is another one.
        if bare(target.children().next()?) != call {
            return None;
        }
        let select = call.ancestors().find(|above| above.kind() == SyntaxKind::SELECT)?;
        let name = child(&target, SyntaxKind::AS_NAME)?;
        let name = plain(text(&name).split_whitespace().last()?);
        // Whatever else counts or sorts the rows of that query would see others.
        let others = [
            SyntaxKind::GROUP_BY_CLAUSE,
            SyntaxKind::HAVING_CLAUSE,
            SyntaxKind::LIMIT_CLAUSE,
            SyntaxKind::FETCH_CLAUSE,
            SyntaxKind::OFFSET_CLAUSE,
            SyntaxKind::DISTINCT_CLAUSE,
            SyntaxKind::WINDOW_CLAUSE,
            SyntaxKind::LOCKING_CLAUSE,
        ];
        let windows =
            select.descendants().filter(|it| it.kind() == SyntaxKind::OVER_CLAUSE).count();
        let is_ordered = select.children().any(|it| it.kind() == SyntaxKind::ORDER_BY_CLAUSE);
        if windows != 1 || is_ordered || holds(&select, &others) {
            return None;
        }
        let clauses = [SyntaxKind::WHERE_CLAUSE, SyntaxKind::ON_CLAUSE];
        let is_kept_somewhere = root
            .descendants()
            .filter(|it| clauses.contains(&it.kind()))
            .any(|clause| clause.descendants().any(|it| keeps_first(&it, &name)));
        if !is_kept_somewhere {
            return None;
        }
        if let Err(reason) = reader(root, &select, &name) {
            return Some(Err(reason));
        }
        let over = child(&call, SyntaxKind::OVER_CLAUSE)?;
        let (partition, order) = window(&over)?;
        let clause = child(&select, SyntaxKind::SELECT_CLAUSE)?;
        let list = child(&clause, SyntaxKind::TARGET_LIST)?;
        if let Some(name) = of_rows(&list, &select, catalog) {
            return Some(Err(format!(
                "{name} makes several rows of one, and distinct on may choose among those"
            )));
        }
        let keys = format!("{partition}, {order}");
        if let Some(taken) = taken_name(&list, &keys) {
            return Some(Err(format!(
                "{taken} has another meaning among the answer's columns, and distinct on would take that one"
            )));
        }
        if keys.split(',').any(|key| key.split_whitespace().next().is_some_and(is_number)) {
            let reason =
                "the window has a number for a key, which distinct on takes for a column's place";
            return Some(Err(reason.to_owned()));
        }
        let start = span(&list).start;
        let end = span(&select).end;
        let edits = vec![
            (start..start, format!("distinct on ({partition}) ")),
            (span(&call), "1::bigint".to_owned()),
            (end..end, format!(" order by {partition}, {order}")),
        ];
        Some(Ok(Found {
            what: format!("only the first of each {partition} is kept; distinct on says so"),
            sql: edited(sql, edits),
            is_same: true,
            condition: Some(format!(
                "where several rows are first by {order}, either way may give any one of them"
            )),
        }))
    }
}

fn is_row_number(node: &SyntaxNode) -> bool {
    super::tree::call(node)
        .is_some_and(|(name, arguments)| name == "row_number" && arguments.is_empty())
        && child(node, SyntaxKind::OVER_CLAUSE).is_some()
}

/// Finds a function among a query's own columns that makes several rows of one. They are made after the
/// window has counted; whether `distinct on` chooses before or after depends on what else is sorted by.
fn of_rows(list: &SyntaxNode, select: &SyntaxNode, catalog: &Catalog) -> Option<String> {
    let own = list.descendants().filter(|it| {
        it.ancestors().find(|above| above.kind() == SyntaxKind::SELECT).as_ref() == Some(select)
    });
    own.filter_map(|it| super::tree::call(&it))
        .map(|(name, _)| name)
        .find(|name| catalog.gives_rows(name))
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|it| it.is_ascii_digit())
}

/// Makes sure that the one query which reads the numbered rows keeps the first of them alone.
fn reader(root: &SyntaxNode, select: &SyntaxNode, name: &str) -> Result<(), String> {
    let other =
        || "the numbered rows are part of a larger query, which reads others of them".to_owned();
    let nothing = || format!("nothing outside keeps the rows away whose {name} is not the first");
    let mut holder = select.parent().ok_or_else(nothing)?;
    while matches!(holder.kind(), SyntaxKind::PAREN_SELECT | SyntaxKind::PAREN_EXPR) {
        holder = holder.parent().ok_or_else(other)?;
    }
    let item = match holder.kind() {
        SyntaxKind::PAREN_FROM_ITEM => holder,
        SyntaxKind::WITH_TABLE => {
            let called = child(&holder, SyntaxKind::CTE_NAME).map(|it| plain(&text(&it)));
            let mut readers = root.descendants().filter(|it| {
                it.kind() == SyntaxKind::RELATION_NAME_REF && Some(plain(&text(it))) == called
            });
            let reader = readers.next().and_then(|it| it.parent()).ok_or_else(nothing)?;
            if readers.next().is_some() || child(&holder, SyntaxKind::COLUMN_LIST).is_some() {
                return Err(
                    "the numbered rows are read more than once, or by other names".to_owned()
                );
            }
            reader
        }
        _ => return Err(other()),
    };
    let called = match child(&item, SyntaxKind::FROM_ALIAS) {
        Some(alias) if text(&alias).contains('(') => return Err(other()),
        Some(alias) => text(&alias).split_whitespace().last().map(plain),
        None => child(&item, SyntaxKind::RELATION_NAME_REF).map(|it| plain(&text(&it))),
    };
    let outer = item.ancestors().find(|it| it.kind() == SyntaxKind::SELECT).ok_or_else(nothing)?;
    let condition = child(&outer, SyntaxKind::WHERE_CLAUSE).and_then(|it| it.children().next());
    let keeps = condition.iter().flat_map(terms).any(|term| {
        let table = sides(&term).and_then(|(left, _)| column(&left)).and_then(|(table, _)| table);
        keeps_first(&term, name) && (table.is_none() || table == called)
    });
    if keeps { Ok(()) } else { Err(nothing()) }
}

fn keeps_first(term: &SyntaxNode, name: &str) -> bool {
    let Some((left, right)) = sides(term) else { return false };
    let is_it = column(&left).is_some_and(|(_, column)| column == name);
    let said = (operator(term), text(&right));
    is_it && matches!((said.0.as_str(), said.1.as_str()), ("=" | "<=", "1") | ("<", "2"))
}

/// Splits a window into what it is partitioned and ordered by.
fn window(over: &SyntaxNode) -> Option<(String, String)> {
    let said = text(over);
    let inner = said.split_once('(')?.1.trim_end().strip_suffix(')')?;
    let lower = inner.to_lowercase();
    let partition = lower.find("partition by")? + "partition by".len();
    let order = lower.find("order by")?;
    let frame = [" rows ", " range ", " groups "].iter().any(|word| lower.contains(word));
    if order < partition || frame {
        return None;
    }
    let keys = inner.get(partition..order)?.trim();
    Some((keys.to_owned(), inner.get(order + "order by".len()..)?.trim().to_owned()))
}
