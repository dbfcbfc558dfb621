//! A row number of which only the first is kept: `distinct on` says the same, and stops counting.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::day_of_time::conditions;
use super::tree::{child, column, edited, holds, operator, sides, span, text};
use super::{Found, Rule};
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

    fn rewrite(&self, sql: &str, root: &SyntaxNode, _: &Catalog) -> Option<Found> {
        let call = root.descendants().find(is_row_number)?;
        let target = call.ancestors().find(|above| above.kind() == SyntaxKind::TARGET)?;
        let select = call.ancestors().find(|above| above.kind() == SyntaxKind::SELECT)?;
        let name = child(&target, SyntaxKind::AS_NAME)?;
        let name = text(&name).split_whitespace().last()?.to_lowercase();
        // Whatever else counts or sorts the rows of that query would see others.
        let others = [
            SyntaxKind::GROUP_BY_CLAUSE,
            SyntaxKind::HAVING_CLAUSE,
            SyntaxKind::LIMIT_CLAUSE,
            SyntaxKind::FETCH_CLAUSE,
            SyntaxKind::OFFSET_CLAUSE,
            SyntaxKind::DISTINCT_CLAUSE,
            SyntaxKind::WINDOW_CLAUSE,
        ];
        let windows =
            select.descendants().filter(|it| it.kind() == SyntaxKind::OVER_CLAUSE).count();
        let is_ordered = select.children().any(|it| it.kind() == SyntaxKind::ORDER_BY_CLAUSE);
        let is_first_kept = conditions(root).iter().any(|term| keeps_first(term, &name));
        if windows != 1 || is_ordered || holds(&select, &others) || !is_first_kept {
            return None;
        }
        let over = child(&call, SyntaxKind::OVER_CLAUSE)?;
        let (partition, order) = window(&over)?;
        let clause = child(&select, SyntaxKind::SELECT_CLAUSE)?;
        let list = child(&clause, SyntaxKind::TARGET_LIST)?;
        let start = span(&list).start;
        let end = span(&select).end;
        let edits = vec![
            (start..start, format!("distinct on ({partition}) ")),
            (span(&call), "1::bigint".to_owned()),
            (end..end, format!(" order by {partition}, {order}")),
        ];
        Some(Found {
            what: format!("only the first of each {partition} is kept; distinct on says so"),
            sql: edited(sql, edits),
            is_same: true,
            condition: Some(format!(
                "where several rows are first by {order}, either way may give any one of them"
            )),
        })
    }
}

fn is_row_number(node: &SyntaxNode) -> bool {
    super::tree::call(node)
        .is_some_and(|(name, arguments)| name == "row_number" && arguments.is_empty())
        && child(node, SyntaxKind::OVER_CLAUSE).is_some()
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
