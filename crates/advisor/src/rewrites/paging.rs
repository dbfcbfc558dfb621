//! Pages by offset: everything before the page is made and thrown away. A page can begin behind the last row.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{child, column, edited, is_value, span, taken_name, text};
use super::{Found, Outcome, Rule};
use crate::indexes::Catalog;

/// Fewer rows than this are thrown away in no time.
const FAR: u64 = 1_000;

/// See the summary.
pub(super) struct Paging;

impl Rule for Paging {
    fn name(&self) -> &'static str {
        "paging"
    }

    fn why(&self) -> &'static str {
        "offset makes every row before the page, and pages shift when rows are added. Remembering the last \
         row's keys lets the next page begin at its place in the index."
    }

    fn rewrite(&self, sql: &str, root: &SyntaxNode, _: &Catalog) -> Option<Outcome> {
        let offset = child(root, SyntaxKind::OFFSET_CLAUSE)?;
        let order = child(root, SyntaxKind::ORDER_BY_CLAUSE)?;
        let list = child(&order, SyntaxKind::SORT_BY_LIST)?;
        let said = text(&offset);
        let number: u64 = said.split_whitespace().nth(1)?.parse().ok()?;
        let grouped = [SyntaxKind::GROUP_BY_CLAUSE, SyntaxKind::DISTINCT_CLAUSE];
        if number < FAR || grouped.iter().any(|kind| child(root, *kind).is_some()) {
            return None;
        }
        let sorts: Vec<SyntaxNode> = list.children().collect();
        if sorts.iter().any(|sort| child(sort, SyntaxKind::SORT_USING).is_some()) {
            return None;
        }
        let targets = child(root, SyntaxKind::SELECT_CLAUSE)
            .and_then(|clause| child(&clause, SyntaxKind::TARGET_LIST));
        if let Some(reason) = sorts.iter().find_map(|sort| differs(sort, targets.as_ref())) {
            return Some(Err(reason));
        }
        let keys: Vec<String> =
            sorts.iter().filter_map(|sort| sort.children().next()).map(|key| text(&key)).collect();
        let descending =
            sorts.iter().filter(|sort| child(sort, SyntaxKind::SORT_DESC).is_some()).count();
        // Rows compare as a whole only where all keys go the same way.
        let sign = match descending {
            0 => ">",
            all if all == keys.len() => "<",
            _ => return None,
        };
        let last: Vec<String> = (1..=keys.len()).map(|place| format!(":last_{place}")).collect();
        let behind = format!("({}) {sign} ({})", keys.join(", "), last.join(", "));
        let mut edits = vec![(span(&offset), String::new())];
        match child(root, SyntaxKind::WHERE_CLAUSE).and_then(|it| it.children().next()) {
            Some(condition) => {
                let place = span(&condition);
                edits.push((place.start..place.start, format!("{behind} and (")));
                edits.push((place.end..place.end, ")".to_owned()));
            }
            None => {
                let from = span(&child(root, SyntaxKind::FROM_CLAUSE)?);
                edits.push((from.end..from.end, format!(" where {behind}")));
            }
        }
        Some(Ok(Found {
            what: format!("{number} rows are made and thrown away before the page"),
            sql: edited(sql, edits).trim_end().to_owned(),
            is_same: false,
            condition: Some(
                "the keys must tell rows apart, else add the primary key, and none may be null; the \
                 application remembers the last row's keys"
                    .to_owned(),
            ),
        }))
    }
}

/// Says why comparing a key would not find the rows that are sorted behind; nothing where it would.
fn differs(sort: &SyntaxNode, targets: Option<&SyntaxNode>) -> Option<String> {
    let key = sort.children().next()?;
    let said = text(&key);
    if is_value(&key) {
        return Some(format!("it is ordered by {said}, which a condition takes for a constant"));
    }
    // A name alone is an answer's column first; within an expression it is a table's.
    let is_bare = column(&key).is_some_and(|(table, _)| table.is_none());
    if let Some(taken) = targets.filter(|_| is_bare).and_then(|list| taken_name(list, &said)) {
        return Some(format!(
            "it is ordered by the answer's column {taken}, which a condition cannot name"
        ));
    }
    // Whoever says where nulls go has some, and no comparison finds them.
    let nulls = [SyntaxKind::NULLS_FIRST, SyntaxKind::NULLS_LAST];
    sort.children()
        .any(|it| nulls.contains(&it.kind()))
        .then(|| format!("it says where rows without {said} go, and no comparison finds those"))
}
