//! A join makes many pairs and throws nearly all of them away.

use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// Thrown away pairs for each that is kept.
const PER_ROW: f64 = 10.0;

/// Fewer pairs are no matter.
const PAIRS: f64 = 10_000.0;

/// See the summary.
pub(super) struct JoinFilterDiscard;

impl Rule for JoinFilterDiscard {
    fn name(&self) -> &'static str {
        "join-filter-discard"
    }

    fn summary(&self) -> &'static str {
        "A join throws away ten pairs of rows for each that it keeps."
    }

    fn why(&self) -> &'static str {
        "Pairs that a join's key does not tell apart are made one by one: their number is the product \
         of both sides."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let joins = look.nodes().filter(|node| node.is_join() && look.is_worth_it_below(node));
        let joins = joins.filter(|node| !super::or_not_split::concerns(look, node));
        let wasteful = joins.filter_map(|node| {
            let kept = node.actual_rows()?;
            let removed = node.removed.by_join_filter * node.loops();
            (removed >= PAIRS && removed > kept * PER_ROW).then_some((node, kept, removed))
        });
        wasteful
            .map(|(node, kept, removed)| {
                let what = format!(
                    "{} pairs of rows are made to keep {}",
                    count(kept + removed),
                    count(kept)
                );
                let filter = node.conditions.join_filter.as_deref().unwrap_or_default();
                let finding = Finding::at(self, look, node, what)
                    .share_of(look.share_below(node))
                    .evidence(format!("join filter: {filter}"));
                if filter.contains(" OR ") {
                    finding.advise(
                        "an OR cannot be a join's key: join once for each side of it and unite the \
                         results",
                    )
                } else if filter.contains(" = ") {
                    finding.advise(
                        "it is an equality, so an index on its inner column or a hash join would find \
                         the pairs at once",
                    )
                } else {
                    finding.advise(
                        "add an equality that narrows the pairs down, such as the day of both times, \
                         or let a range type with a gist index find them",
                    )
                }
            })
            .collect()
    }
}
