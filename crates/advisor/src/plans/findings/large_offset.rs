//! Rows are made to be counted and thrown away.

use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// Fewer skipped rows are no matter.
const SKIPPED: f64 = 1_000.0;

/// See the summary.
pub(super) struct LargeOffset;

impl Rule for LargeOffset {
    fn name(&self) -> &'static str {
        "large-offset"
    }

    fn summary(&self) -> &'static str {
        "A limit with an offset skips a thousand rows."
    }

    fn why(&self) -> &'static str {
        "Skipped rows are found, sorted and joined like those that are kept, and more of them with each \
         page that somebody turns."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let limits = look.nodes().filter(|node| node.kind == "Limit");
        let skipping = limits.filter_map(|node| {
            let below =
                look.plan.children(node).find(|it| it.relationship.as_deref() == Some("Outer"))?;
            let (made, kept) = (below.actual_rows()?, node.actual_rows()?);
            // A sort stops where the limit does; what it hands up is what was skipped and kept.
            let skipped = made - kept;
            (skipped >= SKIPPED && skipped > kept).then_some((node, made, kept))
        });
        skipping
            .map(|(node, made, kept)| {
                let what = format!("{} rows are made to keep {}", count(made), count(kept));
                Finding::at(self, look, node, what).share_of(look.share_below(node)).advise_sql(
                    "begin behind the last row of the page before, by the columns of the order; an \
                     index on them finds it at once",
                    "where (created_at, id) < ($1, $2) order by created_at desc, id desc limit 50",
                )
            })
            .collect()
    }
}
