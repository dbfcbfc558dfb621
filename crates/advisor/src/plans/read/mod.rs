//! Reads plans that EXPLAIN printed: JSON, or the text that people paste.
//!
//! Both come down to the same properties of nodes, in the words of EXPLAIN's JSON; the text is only
//! another way of writing them. Nothing here recurses and nothing fails on words it does not know.

mod json;
mod node;
mod text;

use serde_json::{Map, Value};

use super::timing;
use super::{Plan, PlanError};

/// The most bytes that a plan may have. A plan over ten thousand partitions has some twenty megabytes.
const LONGEST: usize = 64 << 20;

/// The most nodes that a plan may have.
const MOST_NODES: usize = 100_000;

/// How deep a plan may nest; JSON is refused by its own reader before that.
const DEEPEST: usize = 250;

/// The properties of a node and the place of its parent, as an input has them.
struct RawNode {
    properties: Map<String, Value>,
    parent: Option<usize>,
}

/// What an input holds.
#[derive(Default)]
struct RawPlan {
    nodes: Vec<RawNode>,
    /// What stands beside the tree.
    statement: Map<String, Value>,
}

/// Reads a plan: EXPLAIN's JSON, its text, either as `psql` prints it, or what `auto_explain` logs.
///
/// # Errors
/// Says what the input is not.
pub fn read(input: &str) -> Result<Plan, PlanError> {
    if input.len() > LONGEST {
        return Err(PlanError::TooLong { bytes: input.len() });
    }
    let input = text::without_frame(input);
    let raw = match json::find(&input) {
        Some(value) => json::raw(value?)?,
        None => text::raw(&input)?,
    };
    finish(raw)
}

/// Reads a plan that is JSON already.
///
/// # Errors
/// Says what the document is not.
pub fn read_value(value: Value) -> Result<Plan, PlanError> {
    finish(json::raw(value)?)
}

fn finish(raw: RawPlan) -> Result<Plan, PlanError> {
    if raw.nodes.is_empty() {
        return Err(PlanError::NoPlan);
    }
    let mut plan = node::plan(raw);
    timing::derive(&mut plan);
    Ok(plan)
}

#[cfg(test)]
mod tests;
