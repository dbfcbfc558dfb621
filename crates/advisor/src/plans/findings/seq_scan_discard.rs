//! A whole table is read to keep a few of its rows.

use super::indexing::{PROVE, Served, create_index, existing};
use super::{Finding, Look, Rule};
use crate::plans::Node;
use crate::plans::tree::count;

/// Smaller tables are read as a whole faster than through an index.
const ROWS: f64 = 10_000.0;

/// From this share of thrown away rows on, an index reads fewer pages than the table has.
const DISCARDED: f64 = 0.9;

/// See the summary.
pub(super) struct SeqScanDiscard;

impl Rule for SeqScanDiscard {
    fn name(&self) -> &'static str {
        "seq-scan-discard"
    }

    fn summary(&self) -> &'static str {
        "A sequential scan reads a table and throws nine of ten rows away."
    }

    fn why(&self) -> &'static str {
        "Every page of the table is read, however few rows are wanted, and more as the table grows."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let scans = look.nodes().filter(|node| node.is_seq_scan() && look.is_worth_it(node));
        let scans = scans.filter(|node| !super::or_not_split::concerns(look, node));
        scans.filter_map(|node| self.judge(look, node)).collect()
    }
}

impl SeqScanDiscard {
    fn judge(&self, look: &Look<'_>, node: &Node) -> Option<Finding> {
        let filter = node.conditions.filter.as_deref()?;
        let table = look.table(node);
        let (kept, discarded) = match node.actual_rows() {
            Some(kept) => (kept, node.filtered_rows()),
            // What it would throw away shows only where somebody knows how many rows there are.
            None => {
                let kept = node.estimate.rows;
                (kept, (table?.estimated_rows - kept).max(0.0))
            }
        };
        let read = kept + discarded;
        if look.rows_read(node) < ROWS || discarded < read * DISCARDED {
            return None;
        }
        let name = node.relation.as_deref().unwrap_or("the table");
        let verb = if node.actual.is_some() { "read" } else { "would be read (estimated)" };
        let what = format!("{} rows of {name} are {verb} to keep {}", count(read), count(kept));
        let mut finding = Finding::at(self, look, node, what)
            .evidence(format!("filter: {filter}"))
            .evidence(format!("{:.1}% of the rows thrown away", 100.0 * discarded / read));
        if node.buffers.touched() > 0.0 {
            finding = finding.evidence(format!("{} pages read", count(node.buffers.touched())));
        }
        let keys = Served::of(filter).keys(table);
        let index = table.and_then(|table| existing(table, &keys));
        if index.is_some() && read < ROWS {
            // A part this small is well read as a whole, however many there are.
            return None;
        }
        Some(match (index, create_index(node, table, &keys)) {
            (Some(index), _) => finding
                .evidence(format!("{index} begins with the same columns"))
                .advise(
                    "that index was not chosen: look whether the estimate is right, and whether \
                     random_page_cost fits the disk",
                )
                .confidence(super::Confidence::Low),
            (None, Some(sql)) => finding.advise_sql(PROVE, sql),
            (None, None) => finding.advise(
                "no plain comparison with a column is in the filter: rewrite it so that one is, or \
                 index the expression",
            ),
        })
    }
}
