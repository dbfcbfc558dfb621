//! Takes EXPLAIN's JSON apart.

use serde_json::{Map, Value};

use super::{MOST_NODES, RawNode, RawPlan};
use crate::plans::PlanError;

/// Reads JSON where the input begins like it; `None` where it is text.
pub(super) fn find(input: &str) -> Option<Result<Value, PlanError>> {
    let start = input.trim_start();
    if !start.starts_with(['[', '{']) {
        return None;
    }
    // The first document: a log may go on behind it.
    let mut documents = serde_json::Deserializer::from_str(start).into_iter::<Value>();
    match documents.next()? {
        Ok(value) => Some(Ok(value)),
        Err(error) => Some(Err(PlanError::BadJson(error.to_string()))),
    }
}

/// Returns the nodes of a document: `[{"Plan": …}]`, `{"Plan": …}`, or a node alone.
pub(super) fn raw(value: Value) -> Result<RawPlan, PlanError> {
    let mut statement = match value {
        Value::Array(documents) => documents.into_iter().find_map(into_object),
        other => into_object(other),
    }
    .ok_or(PlanError::NoPlan)?;
    let root = match statement.remove("Plan").and_then(into_object) {
        Some(root) => root,
        None if statement.contains_key("Node Type") => std::mem::take(&mut statement),
        None => return Err(PlanError::NoPlan),
    };
    let mut raw = RawPlan { nodes: Vec::new(), statement };
    let mut waiting: Vec<(Map<String, Value>, Option<usize>)> = vec![(root, None)];
    while let Some((mut properties, parent)) = waiting.pop() {
        if raw.nodes.len() >= MOST_NODES {
            return Err(PlanError::TooManyNodes { limit: MOST_NODES });
        }
        let id = raw.nodes.len();
        if let Some(Value::Array(children)) = properties.remove("Plans") {
            let children = children.into_iter().rev().filter_map(into_object);
            waiting.extend(children.map(|child| (child, Some(id))));
        }
        raw.nodes.push(RawNode { properties, parent });
    }
    Ok(raw)
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
