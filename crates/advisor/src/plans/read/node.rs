//! Makes nodes of their properties. What is not known here stays in `other`.

use serde_json::{Map, Value};

use super::{RawNode, RawPlan};
use crate::plans::{
    Actual, Buffers, Conditions, Estimate, Hash, Jit, Memoize, Node, Plan, Removed, Sort, Trigger,
};

/// Properties by EXPLAIN's names; each is taken once, and what is left is kept.
struct Properties(Map<String, Value>);

impl Properties {
    fn number(&mut self, name: &str) -> Option<f64> {
        let number = number(self.0.get(name)?)?;
        self.0.remove(name);
        Some(number)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        if !self.0.get(name)?.is_string() {
            return None;
        }
        match self.0.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.0.get(name).and_then(Value::as_bool) {
            Some(flag) => {
                self.0.remove(name);
                flag
            }
            None => false,
        }
    }

    fn texts(&mut self, name: &str) -> Vec<String> {
        match self.0.remove(name) {
            Some(Value::Array(items)) => {
                items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(Value::String(text)) => vec![text],
            Some(other) => {
                self.0.insert(name.to_owned(), other);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn object(&mut self, name: &str) -> Option<Self> {
        if !self.0.get(name)?.is_object() {
            return None;
        }
        match self.0.remove(name) {
            Some(Value::Object(object)) => Some(Self(object)),
            _ => None,
        }
    }
}

/// Reads a number that is no impossible one.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// Makes a plan.
pub(super) fn plan(raw: RawPlan) -> Plan {
    let mut plan = statement(raw.statement);
    for (id, raw) in raw.nodes.into_iter().enumerate() {
        let parent = raw.parent.filter(|parent| *parent < id);
        let depth = parent.and_then(|parent| plan.nodes.get(parent)).map_or(0, |it| it.depth + 1);
        if let Some(parent) = parent.and_then(|parent| plan.nodes.get_mut(parent)) {
            parent.children.push(id);
        }
        plan.nodes.push(Node { id, parent, depth, ..node(raw) });
    }
    name_relationships(&mut plan);
    plan
}

/// Text does not say how nodes serve their parents: the first of a join is the outer one.
fn name_relationships(plan: &mut Plan) {
    let mut served = vec![0_usize; plan.nodes.len()];
    for id in 0..plan.nodes.len() {
        let Some(node) = plan.nodes.get(id).filter(|node| node.relationship.is_none()) else {
            continue;
        };
        let Some(parent) = node.parent.and_then(|parent| plan.nodes.get(parent)) else { continue };
        let Some(place) = served.get_mut(parent.id) else { continue };
        let is_list = ["Append", "Custom Scan", "Bitmap"].iter().any(|it| parent.kind.contains(it));
        let name = match *place {
            _ if is_list => "Member",
            0 => "Outer",
            _ => "Inner",
        };
        *place += 1;
        if let Some(node) = plan.nodes.get_mut(id) {
            node.relationship = Some(name.to_owned());
        }
    }
}

fn statement(map: Map<String, Value>) -> Plan {
    let mut rest = Properties(map);
    let planning_buffers =
        rest.object("Planning").map(|mut planning| buffers(&mut planning)).unwrap_or_default();
    let settings = rest.object("Settings").map(|settings| {
        let entries = settings.0.into_iter();
        entries.map(|(name, value)| (name, plain(&value))).collect()
    });
    let jit = rest.object("JIT").map(|mut jit| Jit {
        functions: jit.number("Functions").unwrap_or_default(),
        total_ms: jit.object("Timing").and_then(|mut it| it.number("Total")).unwrap_or_default(),
    });
    Plan {
        planning_ms: rest.number("Planning Time"),
        execution_ms: rest.number("Execution Time"),
        planning_buffers,
        jit,
        triggers: triggers(&mut rest),
        settings: settings.unwrap_or_default(),
        query_text: rest.text("Query Text"),
        query_id: query_id(&mut rest),
        nodes: Vec::new(),
        other: rest.0,
    }
}

fn query_id(rest: &mut Properties) -> Option<i64> {
    let id = match rest.0.get("Query Identifier")? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }?;
    rest.0.remove("Query Identifier");
    Some(id)
}

fn triggers(rest: &mut Properties) -> Vec<Trigger> {
    let Some(Value::Array(items)) = rest.0.remove("Triggers") else { return Vec::new() };
    let objects = items.into_iter().filter_map(|item| match item {
        Value::Object(object) => Some(Properties(object)),
        _ => None,
    });
    objects
        .map(|mut trigger| {
            let constraint = trigger.text("Constraint Name");
            let name = trigger.text("Trigger Name");
            Trigger {
                name: constraint.or(name).unwrap_or_default(),
                relation: trigger.text("Relation"),
                time_ms: trigger.number("Time").unwrap_or_default(),
                calls: trigger.number("Calls").unwrap_or_default(),
            }
        })
        .collect()
}

fn node(raw: RawNode) -> Node {
    let mut it = Properties(raw.properties);
    Node {
        kind: it.text("Node Type").unwrap_or_else(|| "Unknown".to_owned()),
        relationship: it.text("Parent Relationship"),
        subplan_name: it.text("Subplan Name"),
        provider: it.text("Custom Plan Provider"),
        is_parallel_aware: it.flag("Parallel Aware"),
        strategy: it.text("Strategy"),
        partial_mode: it.text("Partial Mode"),
        join_type: it.text("Join Type"),
        operation: it.text("Operation"),
        relation: it.text("Relation Name"),
        schema: it.text("Schema"),
        alias: it.text("Alias"),
        index: it.text("Index Name"),
        scan_direction: it.text("Scan Direction"),
        cte: it.text("CTE Name"),
        function: it.text("Function Name"),
        conditions: conditions(&mut it),
        estimate: Estimate {
            startup_cost: it.number("Startup Cost").unwrap_or_default(),
            total_cost: it.number("Total Cost").unwrap_or_default(),
            rows: it.number("Plan Rows").unwrap_or_default(),
            width: it.number("Plan Width").unwrap_or_default(),
        },
        actual: actual(&mut it),
        removed: Removed {
            by_filter: it.number("Rows Removed by Filter").unwrap_or_default(),
            by_join_filter: it.number("Rows Removed by Join Filter").unwrap_or_default(),
            by_recheck: it.number("Rows Removed by Index Recheck").unwrap_or_default(),
        },
        heap_fetches: it.number("Heap Fetches"),
        exact_heap_blocks: it.number("Exact Heap Blocks"),
        lossy_heap_blocks: it.number("Lossy Heap Blocks"),
        sort: sort(&mut it),
        memoize: memoize(&mut it),
        hash: hash(&mut it),
        buffers: buffers(&mut it),
        workers_planned: it.number("Workers Planned"),
        workers_launched: it.number("Workers Launched"),
        subplans_removed: it.number("Subplans Removed"),
        output: it.texts("Output"),
        other: it.0,
        ..Node::default()
    }
}

fn conditions(it: &mut Properties) -> Conditions {
    Conditions {
        filter: it.text("Filter"),
        index: it.text("Index Cond"),
        recheck: it.text("Recheck Cond"),
        hash: it.text("Hash Cond"),
        merge: it.text("Merge Cond"),
        join_filter: it.text("Join Filter"),
        one_time: it.text("One-Time Filter"),
        sort_key: it.texts("Sort Key"),
        presorted_key: it.texts("Presorted Key"),
        group_key: group_key(it),
        vectorized_filter: it.text("Vectorized Filter"),
    }
}

/// Of several sets of groups the first that has keys; the empty one is the total.
fn group_key(it: &mut Properties) -> Vec<String> {
    let keys = it.texts("Group Key");
    if !keys.is_empty() {
        return keys;
    }
    let sets = it.0.get("Grouping Sets").and_then(Value::as_array).into_iter().flatten();
    let lists = sets.filter_map(Value::as_object).flat_map(|set| set.values());
    let lists = lists.filter_map(Value::as_array).flatten().filter_map(Value::as_array);
    let texts = |list: &Vec<Value>| -> Vec<String> {
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    lists.map(texts).find(|keys| !keys.is_empty()).unwrap_or_default()
}

/// A node that never ran has no loops, in JSON as in text.
fn actual(it: &mut Properties) -> Option<Actual> {
    let loops = it.number("Actual Loops")?;
    Some(Actual {
        startup_ms: it.number("Actual Startup Time"),
        total_ms: it.number("Actual Total Time"),
        rows: it.number("Actual Rows").unwrap_or_default(),
        loops: loops.max(0.0),
    })
}

fn sort(it: &mut Properties) -> Option<Sort> {
    let Some(method) = it.text("Sort Method") else { return incremental_sort(it) };
    Some(Sort {
        method,
        space_kb: it.number("Sort Space Used").unwrap_or_default(),
        is_on_disk: it.text("Sort Space Type").as_deref() == Some("Disk"),
    })
}

/// An incremental sort tells of groups; the largest that went to disk decides.
fn incremental_sort(it: &mut Properties) -> Option<Sort> {
    let mut found: Option<Sort> = None;
    for name in ["Full-sort Groups", "Pre-sorted Groups"] {
        let Some(groups) = it.0.get(name).and_then(Value::as_object) else { continue };
        let methods = groups.get("Sort Methods Used").and_then(Value::as_array);
        let names: Vec<&str> = methods.into_iter().flatten().filter_map(Value::as_str).collect();
        for (kind, is_on_disk) in [("Sort Space Memory", false), ("Sort Space Disk", true)] {
            let peak =
                groups.get(kind).and_then(|space| number(space.get("Peak Sort Space Used")?));
            let Some(space_kb) = peak else { continue };
            if found.as_ref().is_none_or(|sort| !sort.is_on_disk || is_on_disk) {
                found = Some(Sort { method: names.join(", "), space_kb, is_on_disk });
            }
        }
    }
    found
}

fn hash(it: &mut Properties) -> Option<Hash> {
    let batches = it
        .number("Hash Batches")
        .or_else(|| it.number("HashAgg Batches"))
        .or_else(|| it.number("Batches"));
    let planned = it.number("Original Hash Batches").or_else(|| it.number("Planned Partitions"));
    let memory = it.number("Peak Memory Usage");
    let disk = it.number("Disk Usage");
    if batches.is_none() && memory.is_none() && disk.is_none() {
        return None;
    }
    Some(Hash {
        batches: batches.unwrap_or(1.0),
        planned_batches: planned.unwrap_or_default(),
        memory_kb: memory.unwrap_or_default(),
        disk_kb: disk.unwrap_or_default(),
    })
}

fn memoize(it: &mut Properties) -> Option<Memoize> {
    Some(Memoize {
        hits: it.number("Cache Hits")?,
        misses: it.number("Cache Misses").unwrap_or_default(),
        evictions: it.number("Cache Evictions").unwrap_or_default(),
    })
}

/// Pages of shared and local tables are counted together: both are reads of tables.
fn buffers(it: &mut Properties) -> Buffers {
    let mut both = |what: &str| {
        let shared = it.number(&format!("Shared {what}")).unwrap_or_default();
        shared + it.number(&format!("Local {what}")).unwrap_or_default()
    };
    let (hit, read) = (both("Hit Blocks"), both("Read Blocks"));
    let (dirtied, written) = (both("Dirtied Blocks"), both("Written Blocks"));
    let (mut read_ms, mut write_ms) = (both("I/O Read Time"), both("I/O Write Time"));
    // Up to version 16 one number for both.
    read_ms += it.number("I/O Read Time").unwrap_or_default();
    write_ms += it.number("I/O Write Time").unwrap_or_default();
    Buffers {
        hit,
        read,
        dirtied,
        written,
        temp_read: it.number("Temp Read Blocks").unwrap_or_default(),
        temp_written: it.number("Temp Written Blocks").unwrap_or_default(),
        read_ms,
        write_ms,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
