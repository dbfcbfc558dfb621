//! Time buckets are made of raw rows each time they are asked for.

use super::{Confidence, Finding, Look, Rule};
use crate::plans::condition::calls;
use crate::plans::tree::count;
use crate::plans::{Node, Plan};

/// Fewer rows are grouped faster than a rollup is kept.
const ROWS: f64 = 10_000.0;

/// Rows for each group, from which on a rollup reads so much less.
const PER_GROUP: f64 = 100.0;

/// Functions that make buckets.
const BUCKETS: [&str; 5] = ["time_bucket", "time_bucket_gapfill", "date_trunc", "date_bin", "date"];

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
            node.kind == "Aggregate"
                && node.conditions.group_key.iter().any(|key| makes_buckets(key))
                // What is grouped in parts is told of the whole: each part alone may be small.
                && node.partial_mode.as_deref() != Some("Partial")
                && look.share_below(node).part >= 0.5
                && !reads_rollup(look, node)
                // There is one, and it lags.
                && !super::realtime_tail::concerns(look, node)
        });
        groups.filter_map(|node| self.judge(look, node)).collect()
    }
}

impl RollupMissing {
    fn judge(&self, look: &Look<'_>, node: &Node) -> Option<Finding> {
        // The planner takes buckets to be as many as moments: only who counted them knows.
        let read: f64 =
            entering(look.plan, node).iter().filter_map(|each| each.actual_rows()).sum();
        // A group that its condition threw away was made all the same.
        let made = node.actual_rows()? + node.filtered_rows();
        if read < ROWS || read < made.max(1.0) * PER_GROUP {
            return None;
        }
        let what = format!("{} rows go into {} buckets", count(read), count(made));
        let finding = Finding::at(self, look, node, what)
            .share_of(look.share_below(node))
            .evidence(format!("grouped by {}", node.conditions.group_key.join(", ")))
            .evidence(format!(
                "{} rows for each bucket: kept, {} would be read in place of {}",
                count(read / made.max(1.0)),
                count(made),
                count(read)
            ))
            .advise(
                "if it is asked for often, keep the buckets: a continuous aggregate on TimescaleDB, \
                 elsewhere a table that is brought up to date with each load. Late rows must reach it, \
                 and averages need their sums and counts",
            );
        Some(match look.facts.counted.filter(|counted| counted.calls > 1) {
            Some(counted) => finding
                .evidence(format!(
                    "asked for {} times since the server counts, {:.1} ms on average",
                    count(counted.calls as f64),
                    counted.mean_ms
                ))
                .confidence(Confidence::Medium),
            None => finding.confidence(Confidence::Low),
        })
    }
}

fn makes_buckets(key: &str) -> bool {
    key.contains("::date") || calls(key).iter().any(|call| BUCKETS.contains(&call.name))
}

/// Returns the nodes whose rows are grouped: below a node that finishes what was grouped in parts, those
/// that the parts are made of.
fn entering<'p>(plan: &'p Plan, node: &'p Node) -> Vec<&'p Node> {
    if node.partial_mode.as_deref() != Some("Finalize") {
        return plan.children(node).collect();
    }
    let makes_part = |each: &&Node| {
        each.partial_mode.as_deref() == Some("Partial")
            || each.provider.as_deref() == Some("VectorAgg")
    };
    plan.below(node).filter(makes_part).flat_map(|part| plan.children(part)).collect()
}

/// Whether the rows that are grouped are buckets that a continuous aggregate keeps.
fn reads_rollup(look: &Look<'_>, node: &Node) -> bool {
    let mut wholes = look.plan.below(node).filter_map(|each| look.table(each)?.part_of.as_deref());
    wholes.any(|whole| whole.contains("_materialized_hypertable_"))
}
