//! A subquery runs once for each row.

use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// Fewer runs are no matter.
const RUNS: f64 = 1_000.0;

/// See the summary.
pub(super) struct SubplanRepeated;

impl Rule for SubplanRepeated {
    fn name(&self) -> &'static str {
        "subplan-repeated"
    }

    fn summary(&self) -> &'static str {
        "A subquery runs more than a thousand times."
    }

    fn why(&self) -> &'static str {
        "A subquery that names a column from outside runs for each outer row, and the planner cannot \
         join it in another way."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let subplans = look.nodes().filter(|node| {
            node.relationship.as_deref() == Some("SubPlan")
                && look.is_worth_it_below(node)
                // Who asks cannot write a policy as a join.
                && !super::row_security_cost::concerns(look, node)
        });
        let repeated = subplans.filter_map(|node| {
            let runs = node.actual?.loops;
            (runs >= RUNS).then_some((node, runs))
        });
        repeated
            .map(|(node, runs)| {
                let name = node.subplan_name.as_deref().unwrap_or("a subquery");
                let what = format!("{name} runs {} times", count(runs));
                let mut finding = Finding::at(self, look, node, what).share_of(look.share_below(node));
                if let Some(ms) = node.actual.and_then(|actual| actual.total_ms) {
                    finding = finding.evidence(format!("{ms:.3} ms each time"));
                }
                finding.advise(
                    "write it as a join: group the inner table by the joining column once, then join; \
                     or use a lateral join, which can keep results that repeat (Memoize)",
                )
            })
            .collect()
    }
}
