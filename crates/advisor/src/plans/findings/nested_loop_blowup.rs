//! The inner side of a nested loop runs thousands of times.

use super::indexing::{PROVE, create_index};
use super::look::factor;
use super::{Finding, Look, Rule};
use crate::plans::Node;
use crate::plans::condition::{Side, clause, conjuncts, side};
use crate::plans::tree::count;

/// Fewer runs are what nested loops are for.
const RUNS: f64 = 1_000.0;

/// The share of the whole from which on the inner side is the matter.
const SHARE: f64 = 0.25;

/// See the summary.
pub(super) struct NestedLoopBlowup;

impl Rule for NestedLoopBlowup {
    fn name(&self) -> &'static str {
        "nested-loop-blowup"
    }

    fn summary(&self) -> &'static str {
        "The inner side of a nested loop is read as a whole, or in vain, more than a thousand times, or far \
         more often than expected."
    }

    fn why(&self) -> &'static str {
        "A nested loop is the best join for a few outer rows and the worst for many: its inner side is \
         paid for with each of them."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let loops = look.nodes().filter(|node| node.kind == "Nested Loop");
        loops.filter_map(|node| self.judge(look, node)).collect()
    }
}

impl NestedLoopBlowup {
    fn judge(&self, look: &Look<'_>, node: &Node) -> Option<Finding> {
        let is_inner = |child: &&Node| child.relationship.as_deref() == Some("Inner");
        let inner = look.plan.children(node).find(is_inner)?;
        let outer = look
            .plan
            .children(node)
            .find(|child| child.relationship.as_deref() == Some("Outer"))?;
        let runs = match inner.actual {
            Some(actual) => actual.loops,
            None => outer.estimate.rows,
        };
        let share = look.share_below(inner);
        if runs < RUNS || share.part < SHARE {
            return None;
        }
        let what = format!(
            "{} runs {} times, once for each row of {}",
            inner.title(),
            count(runs),
            outer.title()
        );
        let mut finding = Finding::at(self, look, node, what).share_of(share);
        finding.nodes.push(inner.id);
        if let Some(ms) = inner.actual.and_then(|actual| actual.total_ms) {
            finding = finding.evidence(format!("{ms:.3} ms each time"));
        }
        let factor = factor(outer);
        let scan = look.plan.below(inner).find(|below| below.is_seq_scan());
        let throws_away = look.plan.below(inner).any(|below| below.removed.by_filter >= 10.0);
        // The right number of cheap look-ups was expected, and chosen.
        if factor < 10.0 && scan.is_none() && !throws_away {
            return None;
        }
        if factor >= 10.0 {
            finding = finding
                .evidence(format!(
                    "the outer side was to have {} rows: with the right number the planner would \
                     join by hashing or merging",
                    count(outer.estimate.rows)
                ))
                .advise("mend the estimate of the outer side first; see the finding on it");
        }
        if let Some(scan) = scan {
            finding = finding.evidence(format!("{} reads all of it each time", scan.title()));
            let keys = join_columns(node, scan);
            if let Some(sql) = create_index(scan, look.table(scan), &keys) {
                return Some(finding.advise_sql(PROVE, sql));
            }
        }
        Some(finding.advise(
            "join by equality, so that hashing is possible, and see whether enable_nestloop = off \
             shows a faster plan; that is a question, not a setting to keep",
        ))
    }
}

/// Returns the columns of a scan by which a join finds its rows.
fn join_columns(join: &Node, scan: &Node) -> Vec<String> {
    let conditions = [&join.conditions.join_filter, &scan.conditions.filter];
    let alias = scan.alias.as_deref().or(scan.relation.as_deref()).unwrap_or_default();
    let prefix = format!("{}.", crate::plans::plan::quoted(alias));
    let mut columns = Vec::new();
    for text in conditions.into_iter().flatten() {
        for clause in conjuncts(text).into_iter().filter_map(clause).filter(|it| it.operator == "=")
        {
            let sides = [clause.left, clause.right];
            let own =
                sides.into_iter().find(|text| text.trim_start_matches('(').starts_with(&prefix));
            if let Some(Side::Column(column)) = own.map(side) {
                columns.push(column);
            }
        }
    }
    columns.dedup();
    columns
}
