//! Takes EXPLAIN's text apart, line by line, into the properties that its JSON has.

use serde_json::{Map, Value, json};

use super::{DEEPEST, MOST_NODES, RawNode, RawPlan};
use crate::plans::PlanError;
use node_line::node_line;

mod node_line;
mod property;

/// A node that is being read: where its line began, and its place.
struct Open {
    indent: usize,
    id: usize,
}

/// What a reader of lines has found so far.
#[derive(Default)]
struct Lines {
    raw: RawPlan,
    open: Vec<Open>,
    /// The name of a subplan whose node comes next, and where it stood.
    subplan: Option<(usize, String)>,
    /// The block beside the tree that is being read: `Planning` or `JIT`.
    block: Option<&'static str>,
    /// Where the lines of a worker begin; they repeat those of their node.
    worker: Option<usize>,
}

/// Takes away what `psql` draws around a plan.
pub(super) fn without_frame(input: &str) -> String {
    let mut lines: Vec<&str> = input.lines().collect();
    if let Some(place) = lines.iter().position(|line| line.trim() == "QUERY PLAN") {
        lines.drain(..=place);
    }
    let is_rule = |line: &str| {
        let line = line.trim();
        line.len() > 3 && line.bytes().all(|byte| byte == b'-')
    };
    let is_footer = |line: &str| {
        let line = line.trim();
        line.starts_with('(') && (line.ends_with(" rows)") || line.ends_with(" row)"))
    };
    lines.retain(|line| !is_rule(line) && !is_footer(line));
    // JSON in one cell: psql marks each line that goes on.
    let goes_on = lines.iter().filter(|line| line.trim_end().ends_with('+')).count();
    let is_cell =
        goes_on > 0 && goes_on + 2 >= lines.iter().filter(|it| !it.trim().is_empty()).count();
    let cell = |line: &str| match line.trim_end().strip_suffix('+') {
        Some(line) if is_cell => line.to_owned(),
        _ => line.to_owned(),
    };
    lines.into_iter().map(cell).collect::<Vec<_>>().join("\n")
}

/// Returns the nodes of a text.
pub(super) fn raw(input: &str) -> Result<RawPlan, PlanError> {
    let mut lines = Lines::default();
    for line in input.lines() {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        lines.read(line.len() - line.trim_start().len(), text)?;
    }
    Ok(lines.raw)
}

impl Lines {
    fn read(&mut self, indent: usize, text: &str) -> Result<(), PlanError> {
        if self.worker.is_some_and(|worker| indent <= worker) {
            self.worker = None;
        }
        let arrow = text.strip_prefix("->");
        let is_node = arrow.is_some() || text.contains("(cost=") || text.contains("(actual ");
        if is_node
            && !text.starts_with("Worker ")
            && let Some(properties) = node_line(arrow.unwrap_or(text).trim())
        {
            return self.node(indent, properties);
        }
        if self.raw.nodes.is_empty() {
            // Whatever stands before a plan, such as the statement, is not read as one.
            if let Some(text) = text.strip_prefix("Query Text: ") {
                self.raw.statement.insert("Query Text".to_owned(), json!(text));
            }
            return Ok(());
        }
        self.other(indent, text);
        Ok(())
    }

    fn node(&mut self, indent: usize, mut properties: Map<String, Value>) -> Result<(), PlanError> {
        if self.raw.nodes.len() >= MOST_NODES {
            return Err(PlanError::TooManyNodes { limit: MOST_NODES });
        }
        while self.open.last().is_some_and(|open| open.indent >= indent) {
            self.open.pop();
        }
        let parent = self.open.last().map(|open| open.id);
        if parent.is_none() && !self.raw.nodes.is_empty() {
            // A second plan, of another statement: one is read.
            return Ok(());
        }
        if let Some((at, name)) = self.subplan.take()
            && at < indent
        {
            let kind = if name.starts_with("SubPlan") { "SubPlan" } else { "InitPlan" };
            properties.insert("Parent Relationship".to_owned(), json!(kind));
            properties.insert("Subplan Name".to_owned(), json!(name));
        }
        if self.open.len() >= DEEPEST {
            return Err(PlanError::TooDeep { limit: DEEPEST });
        }
        let id = self.raw.nodes.len();
        self.raw.nodes.push(RawNode { properties, parent });
        self.open.push(Open { indent, id });
        self.worker = None;
        Ok(())
    }

    fn other(&mut self, indent: usize, text: &str) {
        let is_subplan = ["InitPlan ", "SubPlan ", "CTE "].iter().any(|it| text.starts_with(it));
        if is_subplan && !text.contains(": ") {
            self.subplan = Some((indent, text.to_owned()));
            return;
        }
        if text.starts_with("Worker ") {
            self.worker = Some(indent);
            return;
        }
        if self.worker.is_some() {
            return;
        }
        let root_indent = self.open.first().map_or(0, |open| open.indent);
        if indent <= root_indent {
            self.block = None;
            if self.beside(text) {
                return;
            }
        } else if let Some(block) = self.block {
            property::of_block(&mut self.raw.statement, block, text);
            return;
        }
        // A property stands two columns behind the node that it belongs to, or six behind its arrow.
        let owner = self.open.iter().rev().find(|open| open.indent < indent).or(self.open.first());
        let Some(node) = owner.and_then(|open| self.raw.nodes.get_mut(open.id)) else { return };
        property::of_node(&mut node.properties, text);
    }

    /// Reads what stands beside the tree; tells whether the line was of that kind.
    fn beside(&mut self, text: &str) -> bool {
        let statement = &mut self.raw.statement;
        match text {
            "Planning:" => self.block = Some("Planning"),
            "JIT:" => self.block = Some("JIT"),
            _ => match text.split_once(": ") {
                Some((name @ ("Planning Time" | "Execution Time"), value)) => {
                    statement.insert(name.to_owned(), property::number(value));
                }
                Some(("Total runtime", value)) => {
                    statement.insert("Execution Time".to_owned(), property::number(value));
                }
                Some(("Query Identifier", value)) => {
                    statement.insert("Query Identifier".to_owned(), json!(value));
                }
                Some(("Settings", value)) => {
                    statement.insert("Settings".to_owned(), property::settings(value));
                }
                Some((trigger, value)) if trigger.starts_with("Trigger ") => {
                    property::trigger(statement, trigger, value);
                }
                _ => return false,
            },
        }
        true
    }
}
