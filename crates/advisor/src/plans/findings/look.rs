//! What rules look at, and the questions that several of them ask.

use std::collections::BTreeMap;

use super::{Share, ShareOf};
use crate::plans::tree;
use crate::plans::{Facts, Node, Plan, TableFacts};

/// Below this share of the whole nothing is worth a finding.
pub(super) const WORTH: f64 = 0.05;

/// A plan with what is known besides.
#[derive(Clone, Copy, Debug)]
pub struct Look<'l> {
    /// The plan.
    pub plan: &'l Plan,
    /// What a database knows; nothing where there was none to ask.
    pub facts: &'l Facts,
    /// How long the statement usually takes.
    pub usual_ms: Option<f64>,
    /// Of each scan of a part of a table, what all scans of its parts take.
    pub(super) parts: &'l BTreeMap<usize, Together>,
}

/// What the scans of all parts of one table take together: each may be small where the whole is not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Together {
    own: f64,
    below: f64,
    rows: f64,
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

    /// Whether a node alone is worth a finding, or with those of the other parts of its table.
    pub(super) fn is_worth_it(&self, node: &Node) -> bool {
        let all = self.parts.get(&node.id).map_or(0.0, |together| together.own);
        self.share(node).part.max(all) >= WORTH
    }

    /// Whether a node with all that serve it is worth a finding, or with those of the other parts of its
    /// table.
    pub(super) fn is_worth_it_below(&self, node: &Node) -> bool {
        let all = self.parts.get(&node.id).map_or(0.0, |together| together.below);
        self.share_below(node).part.max(all) >= WORTH
    }

    /// Returns the rows that are read of a node's table, of all its parts where it is one of several.
    pub(super) fn rows_read(&self, node: &Node) -> f64 {
        self.parts.get(&node.id).map_or_else(|| self.rows_of(node), |together| together.rows)
    }

    fn rows_of(&self, node: &Node) -> f64 {
        match node.actual_rows() {
            Some(kept) => kept + node.filtered_rows(),
            // Unless it ran, all that shows is what a table has.
            None => self.table(node).map_or(node.estimate.rows, |table| table.estimated_rows),
        }
    }

    /// Adds up what the parts of each table take.
    pub(super) fn together(&self) -> BTreeMap<usize, Together> {
        let mut wholes: BTreeMap<&str, (Together, Vec<usize>)> = BTreeMap::new();
        for node in self.nodes() {
            let whole = self.table(node).and_then(|table| table.part_of.as_deref());
            let Some(whole) = whole else { continue };
            let (together, nodes) = wholes.entry(whole).or_default();
            together.own += self.share(node).part;
            together.below += self.share_below(node).part;
            together.rows += self.rows_of(node);
            nodes.push(node.id);
        }
        let each = |(together, nodes): (Together, Vec<usize>)| {
            nodes.into_iter().map(move |node| (node, together))
        };
        wholes.into_values().flat_map(each).collect()
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

/// Adds shares of what does not serve each other.
pub(super) fn sum(shares: impl Iterator<Item = Share>) -> Option<Share> {
    shares.reduce(|one, other| Share { part: (one.part + other.part).min(1.0), of: one.of })
}

fn is_true(value: &serde_json::Value) -> bool {
    value.as_bool().unwrap_or(value == "true")
}

/// Returns how many times the rows that came were those expected, in one run of a node.
///
/// Both sides are an average over runs and, in parallel plans, over workers, so they compare. Less
/// than a row counts as one, because estimates never are less.
pub(super) fn factor(node: &Node) -> f64 {
    match node.actual {
        Some(actual) if actual.loops > 0.0 => actual.rows.max(1.0) / node.estimate.rows.max(1.0),
        _ => 1.0,
    }
}
