//! Works out what EXPLAIN leaves to its reader: time over all runs, and time and cost of one node alone.

use super::{Node, Plan};

/// Fills in the times and costs of nodes.
pub(super) fn derive(plan: &mut Plan) {
    let shares = worker_shares(plan);
    let runs = planned_runs(plan);
    for (node, participants) in plan.nodes.iter_mut().zip(shares) {
        node.total_ms = node.actual.and_then(|actual| {
            // Workers run side by side: the clock sees their average, not their sum.
            actual.total_ms.map(|ms| ms * actual.loops / participants)
        });
    }
    let mut below_ms = vec![0.0; plan.nodes.len()];
    let mut below_cost = vec![0.0; plan.nodes.len()];
    for node in &plan.nodes {
        let run = runs.get(node.id).copied().unwrap_or(1.0);
        let Some(owner) = owner(plan, node) else { continue };
        if let Some(sum) = below_ms.get_mut(owner) {
            *sum += node.total_ms.unwrap_or_default();
        }
        if let Some(sum) = below_cost.get_mut(owner) {
            *sum += node.estimate.total_cost * run;
        }
    }
    for ((node, ms), cost) in plan.nodes.iter_mut().zip(below_ms).zip(below_cost) {
        node.self_ms = node.total_ms.map(|total| (total - ms).max(0.0));
        let run = runs.get(node.id).copied().unwrap_or(1.0);
        node.self_cost = (node.estimate.total_cost * run - cost).max(0.0);
    }
}

/// Says how many processes shared each node's runs: as often as the node below a Gather ran in each run
/// of the Gather, and so for all nodes below that.
fn worker_shares(plan: &Plan) -> Vec<f64> {
    let mut shares: Vec<f64> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let above = node.parent.and_then(|id| shares.get(id)).copied().unwrap_or(1.0);
        let gather = plan.parent(node).filter(|parent| parent.kind.starts_with("Gather"));
        let share = match gather {
            Some(gather) if node.relationship.as_deref() != Some("InitPlan") => {
                let (ran, asked) = (node.loops(), gather.loops());
                if asked > 0.0 && ran > asked { above * (ran / asked) } else { above }
            }
            _ => above,
        };
        shares.push(share.max(1.0));
    }
    shares
}

/// Says how often the planner expected each node to run, all runs above it included.
fn planned_runs(plan: &Plan) -> Vec<f64> {
    let mut runs: Vec<f64> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let above = node.parent.and_then(|id| runs.get(id)).copied().unwrap_or(1.0);
        let own = match plan.parent(node) {
            Some(join) if join.kind == "Nested Loop" && is_inner(node) && !keeps_rows(node) => {
                let outer = plan.children(join).find(|it| !is_inner(it));
                outer.map_or(1.0, |outer| outer.estimate.rows.max(1.0))
            }
            _ => 1.0,
        };
        // What a node keeps is made once, however often it is read.
        let above = match plan.parent(node) {
            Some(parent) if keeps_rows(parent) => 1.0,
            _ => above,
        };
        runs.push(above * own);
    }
    runs
}

fn is_inner(node: &Node) -> bool {
    node.relationship.as_deref() == Some("Inner")
}

fn keeps_rows(node: &Node) -> bool {
    matches!(node.kind.as_str(), "Materialize" | "Memoize")
}

/// Returns the node whose time contains this node's time. Of a common table expression, that is the
/// first that reads it, wherever the tree shows it.
fn owner(plan: &Plan, node: &Node) -> Option<usize> {
    let Some(cte) = node.subplan_name.as_deref().and_then(|name| name.strip_prefix("CTE ")) else {
        return node.parent;
    };
    let reads = |each: &&Node| each.kind == "CTE Scan" && each.cte.as_deref() == Some(cte);
    let readers = || plan.nodes.iter().filter(reads);
    let first = readers().find(|reader| !reader.never_ran()).or_else(|| readers().next());
    first.map(|reader| reader.id)
}
