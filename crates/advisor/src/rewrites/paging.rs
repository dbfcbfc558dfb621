//! Pages by offset: everything before the page is made and thrown away. A page can begin behind the last row.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{child, edited, span, text};
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
        let keys: Vec<String> =
            list.children().filter_map(|key| key.children().next()).map(|key| text(&key)).collect();
        let descending =
            list.children().filter(|key| text(key).to_lowercase().ends_with(" desc")).count();
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
                "the keys must tell rows apart, else add the primary key; the application remembers the last \
                 row's keys"
                    .to_owned(),
            ),
        }))
    }
}
