//! For a few rows in order, an index of that order is walked past many that do not fit.

use std::collections::BTreeMap;

use super::indexing::{PROVE, Served, create_index};
use super::look::sum;
use super::{Confidence, Finding, Look, Rule};
use crate::plans::plan::quoted;
use crate::plans::tree::count;
use crate::plans::{Node, TableFacts};

/// Thrown away rows for each that is kept: the same as of an index scan that nothing limits.
const PER_ROW: f64 = 10.0;

/// Fewer thrown away rows are no matter.
const ROWS: f64 = 1_000.0;

/// See the summary.
pub(super) struct WrongIndexOrderBy;

/// A walk along an index, be it through those of several parts of a table, and what became of its rows.
#[derive(Debug)]
struct Walk<'l> {
    nodes: Vec<&'l Node>,
    kept: f64,
    removed: f64,
}

/// Whether a node is an index scan that a limit ends, with no sort between, and with no other scan that
/// runs again and again for its rows.
pub(super) fn concerns(look: &Look<'_>, node: &Node) -> bool {
    node.kind.starts_with("Index") && limit(look, node).is_some()
}

/// Returns the limit that ends a scan, and what the scan serves below that.
fn limit<'l>(look: &Look<'l>, node: &'l Node) -> Option<(&'l Node, Vec<&'l Node>)> {
    let mut between = Vec::new();
    let mut below = node;
    for above in look.plan.ancestors(node) {
        // What is looked up for each row of another node is no walk.
        let is_asked =
            matches!(below.relationship.as_deref(), Some("Inner" | "InitPlan" | "SubPlan"));
        if is_asked || above.is_blocking() {
            return None;
        }
        if above.kind == "Limit" {
            return Some((above, between));
        }
        between.push(above);
        below = above;
    }
    None
}

impl Rule for WrongIndexOrderBy {
    fn name(&self) -> &'static str {
        "wrong-index-order-by"
    }

    fn summary(&self) -> &'static str {
        "A limit made the planner walk an index in the order asked for, past rows that do not fit."
    }

    fn why(&self) -> &'static str {
        "The planner takes it that fitting rows lie evenly along the index; where they lie at its other \
         end, it reads nearly all of it for a handful."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let walks = walks(look).into_iter();
        walks
            .filter_map(|walk| self.filtered(look, &walk).or_else(|| self.joined(look, &walk)))
            .collect()
    }
}

/// Returns the walks of a plan. Of parts of a table that one limit ends, they are one.
fn walks<'l>(look: &Look<'l>) -> Vec<Walk<'l>> {
    let mut walks: BTreeMap<(usize, String), Walk<'l>> = BTreeMap::new();
    for node in look.nodes().filter(|node| node.kind.starts_with("Index")) {
        let Some((limit, _)) = limit(look, node) else { continue };
        let Some(kept) = node.actual_rows() else { continue };
        let whole = look.table(node).and_then(|table| table.part_of.clone());
        let walked = whole.unwrap_or_else(|| node.id.to_string());
        let walk = walks.entry((limit.id, walked)).or_insert_with(|| Walk {
            nodes: Vec::new(),
            kept: 0.0,
            removed: 0.0,
        });
        walk.nodes.push(node);
        walk.kept += kept;
        walk.removed += node.filtered_rows();
    }
    walks.into_values().collect()
}

fn is_wasteful(kept: f64, removed: f64) -> bool {
    removed >= ROWS && removed > kept.max(1.0) * PER_ROW
}

impl WrongIndexOrderBy {
    /// Judges a walk whose own filter throws rows away.
    fn filtered(&self, look: &Look<'_>, walk: &Walk<'_>) -> Option<Finding> {
        let is_worth_it = walk.nodes.iter().any(|node| look.is_worth_it(node));
        if !is_worth_it || !is_wasteful(walk.kept, walk.removed) {
            return None;
        }
        let removed = |node: &&&Node| node.filtered_rows();
        let most =
            walk.nodes.iter().max_by(|one, other| removed(one).total_cmp(&removed(other)))?;
        let filter = most.conditions.filter.as_deref()?;
        let finding = self
            .begun(look, walk, most, walk.kept)
            .evidence(format!("filter: {filter}"))
            .evidence(format!("{} rows thrown away", count(walk.removed)));
        let table = look.table(most);
        let keys = keys(most, filter, table);
        let finding = match (table.and_then(|table| in_order(table, &keys)), &keys[..]) {
            (Some(known), _) => finding
                .evidence(format!("{known} has these columns in that order"))
                .advise("that index was not chosen: look whether the estimates are right"),
            (None, [_, _, ..]) => match create_index(most, table, &keys) {
                Some(sql) => finding.advise_sql(format!("filter first, then order; {PROVE}"), sql),
                None => finding.advise(COLUMNS),
            },
            _ => finding.advise(COLUMNS),
        };
        Some(finding.advise(STOPGAP))
    }

    /// Judges a walk whose rows a join throws away.
    fn joined(&self, look: &Look<'_>, walk: &Walk<'_>) -> Option<Finding> {
        let first = walk.nodes.first()?;
        let (limit, between) = limit(look, first)?;
        let join = between.iter().rev().find(|node| node.is_join())?;
        // What groups its rows makes fewer of them, and throws none away.
        let passes = |node: &&Node| {
            matches!(node.kind.as_str(), "Nested Loop" | "Hash Join" | "Result" | "Subquery Scan")
                || super::chunks_not_excluded::is_append(node)
                || node.kind.starts_with("Gather")
        };
        let is_whole = walk.nodes.iter().all(|node| node.conditions.index.is_none());
        if !is_whole || !between.iter().all(passes) || !look.is_worth_it_below(join) {
            return None;
        }
        // Rows that an offset skips were asked for.
        let arrived: f64 =
            look.plan.children(limit).filter_map(Node::actual_rows).next().unwrap_or_default();
        let lost = walk.kept + walk.removed - arrived;
        if !is_wasteful(arrived, lost) {
            return None;
        }
        Some(
            self.begun(look, walk, first, arrived)
                .share_of(look.share_below(join))
                .evidence(format!("{} rows thrown away by {}", count(lost), join.title()))
                .advise(
                    "no index of one table has both the order and what the join asks for: keep the column \
                     that decides in the table that is walked, and index it before the order",
                )
                .advise(STOPGAP)
                .confidence(Confidence::Medium),
        )
    }

    fn begun(&self, look: &Look<'_>, walk: &Walk<'_>, node: &Node, kept: f64) -> Finding {
        let index = node.index.as_deref().unwrap_or("the index");
        let walked = match (walk.nodes.len(), look.table(node).and_then(|it| it.part_of.as_deref()))
        {
            (1, _) | (_, None) => index.to_owned(),
            (parts, Some(whole)) => {
                format!("{index} and its like of {} more parts of {whole}", parts - 1)
            }
        };
        let what = format!(
            "up to a limit, {walked} was walked: {} rows looked at for {}",
            count(walk.kept + walk.removed),
            count(kept)
        );
        let mut finding = Finding::at(self, look, node, what);
        finding.nodes.extend(walk.nodes.iter().map(|it| it.id).filter(|id| *id != node.id));
        finding.share = sum(walk.nodes.iter().map(|it| look.share(it)));
        finding
    }
}

const COLUMNS: &str = "an index on the filter's columns, then those of the order";

const STOPGAP: &str = "until then, where the statement has an order, one by an expression, such as `order by \
                       (created_at + interval '0')`, keeps the planner from that index";

/// Returns the columns of an index that has the fitting rows together, and in the order of the walk: what
/// is compared for equality, then what the walk goes by.
fn keys(node: &Node, filter: &str, table: Option<&TableFacts>) -> Vec<String> {
    let mut served = Served::of(node.conditions.index.as_deref().unwrap_or_default());
    let sought = served.equal.clone();
    served.add(Served::of(filter));
    let mut keys = served.equal;
    let walked = table.and_then(|table| {
        let index = table.indexes.iter().find(|it| Some(&it.name) == node.index.as_ref())?;
        let plain = |key: &String| key.trim_matches('"').to_owned();
        let next = index.keys.iter().map(plain).find(|key| !sought.contains(key))?;
        // An expression has no column of its name.
        table.column(&next).map(|_| next)
    });
    match walked.or_else(|| served.range.first().cloned()) {
        Some(key) if !keys.contains(&key) => keys.push(key),
        _ => {}
    }
    keys
}

/// Returns the index that has all these keys but the last in front, in any order, and then the last.
fn in_order<'t>(table: &'t TableFacts, keys: &[String]) -> Option<&'t str> {
    let (last, equal) = keys.split_last()?;
    let found = table.indexes.iter().find(|index| {
        let front = index.keys.get(..equal.len()).unwrap_or_default();
        index.is_valid
            && index.predicate.is_none()
            && front.len() == equal.len()
            && front.iter().all(|key| equal.iter().any(|it| quoted(it) == *key))
            && index.keys.get(equal.len()).is_some_and(|key| *key == quoted(last))
    });
    found.map(|index| index.name.as_str())
}
