//! Time buckets are made of raw rows each time they are asked for.

use super::{Confidence, Finding, Look, Rule};
use crate::plans::tree::count;

/// Fewer rows are grouped faster than a rollup is kept.
const ROWS: f64 = 10_000.0;

/// Rows for each group, from which on a rollup reads so much less.
const PER_GROUP: f64 = 100.0;

/// Functions that make buckets.
const BUCKETS: [&str; 3] = ["time_bucket(", "date_trunc(", "date_bin("];

/// See the summary.
pub(super) struct RollupMissing;

impl Rule for RollupMissing {
    fn name(&self) -> &'static str {
        "rollup-missing"
    }

    fn summary(&self) -> &'static str {
        "Hundreds of rows go into each time bucket that a statement makes."
    }

    fn why(&self) -> &'static str {
        "Buckets of the past do not change: kept ready, they are read instead of the rows that went into \
         them."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let groups = look.nodes().filter(|node| {
            let keys = &node.conditions.group_key;
            let makes_buckets = keys.iter().any(|key| BUCKETS.iter().any(|it| key.contains(it)));
            node.kind == "Aggregate"
                && makes_buckets
                && node.partial_mode.as_deref() != Some("Finalize")
                && look.share_below(node).part >= 0.5
                // There is one, and it lags.
                && !super::realtime_tail::concerns(look, node)
        });
        let large = groups.filter_map(|node| {
            let read: f64 = look.plan.children(node).filter_map(|child| child.actual_rows()).sum();
            let made = node.actual_rows()?;
            (read >= ROWS && read >= made.max(1.0) * PER_GROUP).then_some((node, read, made))
        });
        large
            .map(|(node, read, made)| {
                let what = format!("{} rows go into {} buckets", count(read), count(made));
                Finding::at(self, look, node, what)
                    .share_of(look.share_below(node))
                    .evidence(format!("grouped by {}", node.conditions.group_key.join(", ")))
                    .evidence(format!("{} rows for each bucket", count(read / made.max(1.0))))
                    .advise(
                        "if it is asked for often, keep the buckets: a continuous aggregate on \
                         TimescaleDB, elsewhere a table that is brought up to date with each load. Late \
                         rows must reach it, and averages need their sums and counts",
                    )
                    .confidence(Confidence::Low)
            })
            .collect()
    }
}
