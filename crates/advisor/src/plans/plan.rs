//! A plan as PostgreSQL told it: a tree of nodes with estimates and, where it ran, actual numbers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// A plan of one statement.
///
/// The nodes stand in the order that EXPLAIN prints them, the root first; they name each other by
/// their place, so that no walk over a plan recurses, however deep somebody's input nests.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Plan {
    /// The nodes, the root first, each before its children.
    pub nodes: Vec<Node>,
    /// How long planning took.
    pub planning_ms: Option<f64>,
    /// How long the statement ran, with triggers and compilation, without planning.
    pub execution_ms: Option<f64>,
    /// What planning read.
    pub planning_buffers: Buffers,
    /// What just-in-time compilation did.
    pub jit: Option<Jit>,
    /// The triggers that fired.
    pub triggers: Vec<Trigger>,
    /// Planner settings that differ from the defaults.
    pub settings: BTreeMap<String, String>,
    /// The statement, where the plan carries it.
    pub query_text: Option<String>,
    /// The statement's identifier, as `pg_stat_statements` has it.
    pub query_id: Option<i64>,
    /// What this program does not know, kept.
    pub other: Map<String, Value>,
}

/// One step of a plan.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Node {
    /// Its place in the plan.
    pub id: usize,
    /// The node that it serves.
    pub parent: Option<usize>,
    /// The nodes that serve it.
    pub children: Vec<usize>,
    /// How many nodes stand above it.
    pub depth: usize,
    /// The node type, such as `Seq Scan`.
    pub kind: String,
    /// How it serves its parent: `Outer`, `Inner`, `InitPlan`, `SubPlan`, `Member` …
    pub relationship: Option<String>,
    /// The name of a subplan: `InitPlan 1 (returns $0)`, `CTE recent`.
    pub subplan_name: Option<String>,
    /// What makes a custom scan: `ChunkAppend`, `DecompressChunk` …
    pub provider: Option<String>,
    /// Whether several workers share its work.
    pub is_parallel_aware: bool,
    /// `Plain`, `Sorted`, `Hashed` or `Mixed`.
    pub strategy: Option<String>,
    /// `Partial` or `Finalize`.
    pub partial_mode: Option<String>,
    /// `Inner`, `Left`, `Semi` …
    pub join_type: Option<String>,
    /// `Insert`, `Update`, `Delete` or `Merge`.
    pub operation: Option<String>,
    /// The table that it reads or writes.
    pub relation: Option<String>,
    /// The schema of that table; only verbose plans tell.
    pub schema: Option<String>,
    /// What the statement calls the table.
    pub alias: Option<String>,
    /// The index that it reads.
    pub index: Option<String>,
    /// `Forward` or `Backward`.
    pub scan_direction: Option<String>,
    /// The common table expression that it reads.
    pub cte: Option<String>,
    /// The function that it reads.
    pub function: Option<String>,
    /// The conditions and keys.
    pub conditions: Conditions,
    /// What the planner expected.
    pub estimate: Estimate,
    /// What happened, where the statement ran.
    pub actual: Option<Actual>,
    /// What it threw away, each time it ran.
    pub removed: Removed,
    /// Rows for which an index-only scan had to look into the table, in total.
    pub heap_fetches: Option<f64>,
    /// Pages of a bitmap that still named rows.
    pub exact_heap_blocks: Option<f64>,
    /// Pages of a bitmap that named pages only.
    pub lossy_heap_blocks: Option<f64>,
    /// How it sorted.
    pub sort: Option<Sort>,
    /// How it hashed.
    pub hash: Option<Hash>,
    /// What it kept of inner results.
    pub memoize: Option<Memoize>,
    /// What it and the nodes below read and wrote.
    pub buffers: Buffers,
    /// How many workers were planned.
    pub workers_planned: Option<f64>,
    /// How many workers came.
    pub workers_launched: Option<f64>,
    /// Partitions that were left out when the statement started.
    pub subplans_removed: Option<f64>,
    /// The columns that it hands up; only verbose plans tell.
    pub output: Vec<String>,
    /// Time of the clock within this node and those below, over all its runs.
    pub total_ms: Option<f64>,
    /// The same without the nodes below.
    pub self_ms: Option<f64>,
    /// The cost of this node without those below, over all its planned runs.
    pub self_cost: f64,
    /// What this program does not know, kept.
    pub other: Map<String, Value>,
}

/// The conditions and keys of a node, as the server prints them.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Conditions {
    /// What decides after a row was read.
    pub filter: Option<String>,
    /// What an index was asked for.
    pub index: Option<String>,
    /// What is looked at again where a bitmap named pages only.
    pub recheck: Option<String>,
    /// What hashes are joined by.
    pub hash: Option<String>,
    /// What sorted rows are joined by.
    pub merge: Option<String>,
    /// What a join decides after two rows met.
    pub join_filter: Option<String>,
    /// A condition that is looked at once.
    pub one_time: Option<String>,
    /// What a sort sorts by.
    pub sort_key: Vec<String>,
    /// By how many of the keys the input was sorted already.
    pub presorted_key: Vec<String>,
    /// What an aggregate groups by.
    pub group_key: Vec<String>,
    /// A filter that compressed batches are tested by as a whole.
    pub vectorized_filter: Option<String>,
}

/// What the planner expected, of one run of the node.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Estimate {
    /// The cost up to the first row.
    pub startup_cost: f64,
    /// The cost up to the last row, with the nodes below.
    pub total_cost: f64,
    /// Rows.
    pub rows: f64,
    /// Bytes a row.
    pub width: f64,
}

/// What happened. Times and rows are the average of one run, as the server tells them.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Actual {
    /// Up to the first row.
    pub startup_ms: Option<f64>,
    /// Up to the last row, with the nodes below.
    pub total_ms: Option<f64>,
    /// Rows.
    pub rows: f64,
    /// How often it ran, workers' runs included; 0 when it never did.
    pub loops: f64,
}

/// Rows that a node read and threw away, on average of one run.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Removed {
    /// By its filter.
    pub by_filter: f64,
    /// By the condition of a join.
    pub by_join_filter: f64,
    /// By looking at an index condition again.
    pub by_recheck: f64,
}

/// How a node sorted.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Sort {
    /// `quicksort`, `top-N heapsort`, `external merge` …
    pub method: String,
    /// How much room it took, in kilobytes.
    pub space_kb: f64,
    /// Whether that was on disk.
    pub is_on_disk: bool,
}

/// How a node hashed.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Hash {
    /// Into how many parts it was cut; one fits into memory.
    pub batches: f64,
    /// Into how many parts it was to be cut.
    pub planned_batches: f64,
    /// How much memory it took, in kilobytes.
    pub memory_kb: f64,
    /// How much disk it took, in kilobytes.
    pub disk_kb: f64,
}

/// What a node kept of inner results.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Memoize {
    /// How often a result was there.
    pub hits: f64,
    /// How often it was not.
    pub misses: f64,
    /// How often one was thrown away for want of room.
    pub evictions: f64,
}

/// Pages of eight kilobytes, and the time that reading and writing them took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Buffers {
    /// Found in the server's cache.
    pub hit: f64,
    /// Asked from the system.
    pub read: f64,
    /// Changed.
    pub dirtied: f64,
    /// Written to make room.
    pub written: f64,
    /// Read from temporary files.
    pub temp_read: f64,
    /// Written to temporary files.
    pub temp_written: f64,
    /// Time of reading, where the server keeps it.
    pub read_ms: f64,
    /// Time of writing, where the server keeps it.
    pub write_ms: f64,
}

impl Buffers {
    /// Returns how many pages were looked at.
    pub const fn touched(&self) -> f64 {
        self.hit + self.read
    }
}

/// What just-in-time compilation did.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Jit {
    /// How many functions it compiled.
    pub functions: f64,
    /// How long that took.
    pub total_ms: f64,
}

/// A trigger that fired.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Trigger {
    /// Its name, or that of its constraint.
    pub name: String,
    /// Its table.
    pub relation: Option<String>,
    /// How long it took.
    pub time_ms: f64,
    /// How often it fired.
    pub calls: f64,
}

impl Plan {
    /// Returns the node that answers, unless the plan is empty.
    pub fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// Whether the statement ran, so that numbers are measured.
    pub fn is_measured(&self) -> bool {
        self.root().is_some_and(|root| root.actual.is_some())
    }

    /// Whether times were measured besides rows.
    pub fn is_timed(&self) -> bool {
        self.root().is_some_and(|root| root.total_ms.is_some())
    }

    /// Returns how long the statement ran.
    pub fn total_ms(&self) -> Option<f64> {
        let root = self.root().and_then(|root| root.total_ms);
        match (self.execution_ms, root) {
            (Some(execution), Some(root)) => Some(execution.max(root)),
            (execution, root) => execution.or(root),
        }
    }

    /// Returns the estimated cost of the whole.
    pub fn total_cost(&self) -> f64 {
        self.root().map_or(0.0, |root| root.estimate.total_cost)
    }

    /// Returns the nodes that serve a node.
    pub fn children<'p>(&'p self, node: &'p Node) -> impl Iterator<Item = &'p Node> + 'p {
        node.children.iter().filter_map(|id| self.nodes.get(*id))
    }

    /// Returns the node that a node serves.
    pub fn parent(&self, node: &Node) -> Option<&Node> {
        self.nodes.get(node.parent?)
    }

    /// Returns the nodes above a node, the nearest first.
    pub fn ancestors<'p>(&'p self, node: &Node) -> impl Iterator<Item = &'p Node> + 'p {
        std::iter::successors(node.parent.and_then(|id| self.nodes.get(id)), |above| {
            self.nodes.get(above.parent?)
        })
    }

    /// Returns a node with all that serve it.
    pub fn below<'p>(&'p self, node: &Node) -> impl Iterator<Item = &'p Node> + 'p {
        let depth = node.depth;
        let rest = self.nodes.get(node.id..).unwrap_or_default();
        let inside = rest.iter().skip(1).take_while(move |each| each.depth > depth);
        rest.iter().take(1).chain(inside)
    }

    /// Returns the time of a node with all that serve it.
    pub fn share_of_time(&self, node: &Node) -> Option<f64> {
        let total = self.total_ms().filter(|total| *total > 0.0)?;
        node.total_ms.map(|ms| (ms / total).clamp(0.0, 1.0))
    }

    /// Returns the path from the root to a node, as people read it.
    pub fn path(&self, node: &Node) -> String {
        let mut above: Vec<String> = self.ancestors(node).map(Node::title).collect();
        above.reverse();
        // The nearest say where it is; a plan of forty levels would say nothing.
        let near = above.split_off(above.len().saturating_sub(3));
        let mut parts: Vec<String> = if above.is_empty() { near } else { prefixed(near) };
        parts.push(node.title());
        parts.join(" > ")
    }
}

fn prefixed(near: Vec<String>) -> Vec<String> {
    std::iter::once("…".to_owned()).chain(near).collect()
}

impl Node {
    /// Whether it is a plain scan of a whole table.
    pub fn is_seq_scan(&self) -> bool {
        self.kind == "Seq Scan"
    }

    /// Whether its type says join.
    pub fn is_join(&self) -> bool {
        self.kind == "Nested Loop" || self.kind.ends_with(" Join")
    }

    /// Whether it hands up nothing before it has read everything below.
    pub fn is_blocking(&self) -> bool {
        let is_plain_group = self.kind == "Aggregate" && self.strategy.as_deref() != Some("Sorted");
        matches!(self.kind.as_str(), "Sort" | "Hash" | "Bitmap Heap Scan" | "ModifyTable")
            || is_plain_group
    }

    /// Whether it was never needed.
    pub fn never_ran(&self) -> bool {
        self.actual.is_some_and(|actual| actual.loops == 0.0)
    }

    /// Returns how many rows it handed up over all runs.
    pub fn actual_rows(&self) -> Option<f64> {
        self.actual.map(|actual| actual.rows * actual.loops)
    }

    /// Returns how often it ran; once where nothing is known.
    pub fn loops(&self) -> f64 {
        self.actual.map_or(1.0, |actual| actual.loops)
    }

    /// Returns the rows its filter threw away over all runs.
    pub fn filtered_rows(&self) -> f64 {
        self.removed.by_filter * self.loops()
    }

    /// Returns its table as SQL names it.
    pub fn table(&self) -> Option<String> {
        let relation = self.relation.as_deref()?;
        Some(match self.schema.as_deref() {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(relation)),
            None => quoted(relation),
        })
    }

    /// Names the node as EXPLAIN's text does.
    pub fn title(&self) -> String {
        let mut title = self.verb();
        if let Some(index) = self.index.as_deref() {
            let word = if self.kind == "Bitmap Index Scan" { "on" } else { "using" };
            title = format!("{title} {word} {index}");
        }
        let reads =
            [&self.relation, &self.cte, &self.function].into_iter().find_map(Option::as_ref);
        match (reads, self.alias.as_ref()) {
            (Some(reads), Some(alias)) if reads != alias => format!("{title} on {reads} {alias}"),
            (Some(reads), _) => format!("{title} on {reads}"),
            (None, Some(alias)) => format!("{title} on {alias}"),
            (None, None) => title,
        }
    }

    fn verb(&self) -> String {
        let join = self.join_type.as_deref().filter(|join| *join != "Inner");
        let mut verb = match (self.kind.as_str(), self.strategy.as_deref(), join) {
            ("Aggregate", Some("Hashed"), _) => "HashAggregate".to_owned(),
            ("Aggregate", Some("Sorted"), _) => "GroupAggregate".to_owned(),
            ("Aggregate", Some("Mixed"), _) => "MixedAggregate".to_owned(),
            ("ModifyTable", ..) => self.operation.clone().unwrap_or_else(|| self.kind.clone()),
            ("Nested Loop", _, Some(join)) => format!("Nested Loop {join} Join"),
            (kind, _, Some(join)) if kind.ends_with(" Join") => {
                format!("{} {join} Join", kind.trim_end_matches(" Join"))
            }
            ("Custom Scan", ..) => match self.provider.as_deref() {
                Some(provider) => format!("Custom Scan ({provider})"),
                None => self.kind.clone(),
            },
            (kind, ..) => kind.to_owned(),
        };
        if let Some(mode) = self.partial_mode.as_deref().filter(|mode| *mode != "Simple") {
            verb = format!("{mode} {verb}");
        }
        if self.scan_direction.as_deref() == Some("Backward") {
            verb.push_str(" Backward");
        }
        if self.is_parallel_aware { format!("Parallel {verb}") } else { verb }
    }
}

/// Writes a name as SQL takes it.
pub(crate) fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
