//! What rules look at, and the questions that several of them ask.

use super::{Share, ShareOf};
use crate::plans::tree;
use crate::plans::{Facts, Node, Plan, TableFacts};

/// Below this share of the whole nothing is worth a finding.
const WORTH: f64 = 0.05;

/// A plan with what is known besides.
#[derive(Clone, Copy, Debug)]
pub struct Look<'l> {
    /// The plan.
    pub plan: &'l Plan,
    /// What a database knows; nothing where there was none to ask.
    pub facts: &'l Facts,
    /// How long the statement usually takes.
    pub usual_ms: Option<f64>,
}

impl<'l> Look<'l> {
    /// Returns the share of a node alone.
    pub(super) fn share(&self, node: &Node) -> Share {
        Share { part: tree::share(self.plan, node), of: self.share_kind() }
    }

    /// Returns the share of a node with all that serve it.
    pub(super) fn share_below(&self, node: &Node) -> Share {
        let part = match self.plan.share_of_time(node) {
            Some(part) => part,
            None => {
                let cost: f64 = self.plan.below(node).map(|each| each.self_cost).sum();
                let whole = self.plan.total_cost();
                if whole > 0.0 { (cost / whole).clamp(0.0, 1.0) } else { 0.0 }
            }
        };
        Share { part, of: self.share_kind() }
    }

    /// Whether a node alone is worth a finding.
    pub(super) fn is_worth_it(&self, node: &Node) -> bool {
        self.share(node).part >= WORTH
    }

    /// Whether a node with all that serve it is worth a finding.
    pub(super) fn is_worth_it_below(&self, node: &Node) -> bool {
        self.share_below(node).part >= WORTH
    }

    fn share_kind(&self) -> ShareOf {
        if self.plan.is_timed() { ShareOf::Time } else { ShareOf::EstimatedCost }
    }

    /// Returns what is known of a node's table.
    pub(super) fn table(&self, node: &Node) -> Option<&'l TableFacts> {
        self.facts.table(node)
    }

    /// Returns the nodes that ran, or would.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &'l Node> + 'l {
        self.plan.nodes.iter().filter(|node| !node.never_ran())
    }

    /// Whether a node may have been stopped before its end, so that few rows say nothing about the
    /// estimate: below a limit, on the inner side of a join that needs one row, or of a merge.
    pub(super) fn may_stop_early(&self, node: &Node) -> bool {
        let mut below = node;
        for above in self.plan.ancestors(node) {
            if matches!(above.kind.as_str(), "Limit" | "Merge Join") {
                return true;
            }
            let is_inner = below.relationship.as_deref() == Some("Inner");
            let wants_one = matches!(above.join_type.as_deref(), Some("Semi" | "Anti"));
            let is_unique = above.other.get("Inner Unique").is_some_and(is_true);
            if is_inner && above.kind == "Nested Loop" && (wants_one || is_unique) {
                return true;
            }
            if above.is_blocking() {
                return false;
            }
            if matches!(below.relationship.as_deref(), Some("InitPlan" | "SubPlan")) {
                return true;
            }
            below = above;
        }
        matches!(below.relationship.as_deref(), Some("InitPlan" | "SubPlan"))
    }
}

fn is_true(value: &serde_json::Value) -> bool {
    value.as_bool().unwrap_or(value == "true")
}

/// Returns how many times the rows that came were those expected, in one run of a node.
///
/// Both sides are an average over runs and, in parallel plans, over workers, so they compare. Less
/// than a row counts as one, because estimates never are less.
pub(in crate::plans) fn factor(node: &Node) -> f64 {
    match node.actual {
        Some(actual) if actual.loops > 0.0 => actual.rows.max(1.0) / node.estimate.rows.max(1.0),
        _ => 1.0,
    }
}
