//! An index is read, and most of what it finds is thrown away.

use super::indexing::{PROVE, Served, create_index, existing};
use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// Thrown away rows for each that is kept.
const PER_ROW: f64 = 10.0;

/// Fewer thrown away rows are not worth an index.
const ROWS: f64 = 1_000.0;

/// See the summary.
pub(super) struct IndexInefficient;

impl Rule for IndexInefficient {
    fn name(&self) -> &'static str {
        "index-inefficient"
    }

    fn summary(&self) -> &'static str {
        "An index scan throws away more than ten rows for each that it keeps."
    }

    fn why(&self) -> &'static str {
        "Each thrown away row was found in the index and fetched from the table first, often page by \
         page; a column of the filter in the index refuses it there."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let is_scan = |kind: &str| kind.starts_with("Index") || kind == "Bitmap Heap Scan";
        let scans = look.nodes().filter(|node| is_scan(&node.kind) && look.is_worth_it_below(node));
        let wasteful = scans.filter_map(|node| {
            let kept = node.actual_rows()?;
            let removed = node.filtered_rows();
            (removed >= ROWS && removed > kept * PER_ROW).then_some((node, kept, removed))
        });
        wasteful
            .filter(|(node, ..)| !super::wrong_index_order_by::concerns(look, node))
            .filter(|(node, ..)| !super::or_not_split::concerns(look, node))
            .filter_map(|(node, kept, removed)| {
                let filter = node.conditions.filter.as_deref()?;
                let index = node
                    .index
                    .clone()
                    .or_else(|| look.plan.below(node).find_map(|below| below.index.clone()))?;
                let what = format!(
                    "{index} finds {} rows, of which {} are kept",
                    count(kept + removed),
                    count(kept)
                );
                let table = look.table(node);
                let condition =
                    node.conditions.index.as_deref().or(node.conditions.recheck.as_deref());
                let mut served = Served::of(condition.unwrap_or_default());
                served.add(Served::of(filter));
                let keys = served.keys(table);
                let finding = Finding::at(self, look, node, what)
                    .share_of(look.share_below(node))
                    .evidence(format!("filter after the index: {filter}"))
                    .evidence(format!("{} rows thrown away", count(removed)));
                let known = table.and_then(|table| existing(table, &keys));
                Some(match (known, create_index(node, table, &keys)) {
                    (None, Some(sql)) => finding.advise_sql(PROVE, sql),
                    (Some(known), _) => finding
                        .evidence(format!("{known} has these columns"))
                        .advise("that index was not chosen: look whether the estimates are right"),
                    (None, None) => finding.advise("put the filter's column into the index"),
                })
            })
            .collect()
    }
}
