//! Rows that are kept to be read again do not fit into memory.

use super::sort_spill::{MEMORY, more_memory};
use super::{Finding, Look, Rule};
use crate::plans::tree::count;
use crate::plans::{Node, Plan};

/// The size of a page, in kilobytes.
const PAGE: f64 = 8.0;

/// See the summary.
pub(super) struct TemporaryFiles;

impl Rule for TemporaryFiles {
    fn name(&self) -> &'static str {
        "temporary-files"
    }

    fn summary(&self) -> &'static str {
        "Rows that are kept to be read again are written to disk."
    }

    fn why(&self) -> &'static str {
        "A WITH query, a function, a window or a join that goes over rows twice keeps them; what does not \
         fit into work_mem goes into a temporary file."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let written = look.nodes().filter(|node| !is_told_elsewhere(node)).filter_map(|node| {
            let own = node.buffers.temp_written - below(look.plan, node);
            (own > 0.0 && look.is_worth_it_below(node)).then_some((node, own))
        });
        written
            .map(|(node, pages)| {
                let kilobytes = pages * PAGE;
                let what =
                    format!("{} keeps rows in {} kB of disk", node.title(), count(kilobytes));
                let mut finding = Finding::at(self, look, node, what)
                    .share_of(look.share_below(node))
                    .evidence(format!(
                        "{} rows of {} bytes",
                        count(node.actual_rows().unwrap_or(node.estimate.rows)),
                        count(node.estimate.width)
                    ));
                if let Some(memory) = look.facts.setting("work_mem") {
                    finding = finding.evidence(format!("work_mem is {memory}"));
                }
                finding
                    .advise("keep fewer rows and columns: filter or aggregate before")
                    .advise_sql(MEMORY, more_memory(kilobytes * 3.0))
            })
            .collect()
    }
}

/// Returns the pages that what serves a node wrote. What a common table expression's query writes counts
/// as its reader's, wherever the tree shows the query.
fn below(plan: &Plan, node: &Node) -> f64 {
    let query = node.cte.as_deref().map(|name| format!("CTE {name}"));
    let made = plan.nodes.iter().find(|it| query.is_some() && it.subplan_name == query);
    plan.children(node).chain(made).map(|it| it.buffers.temp_written).sum()
}

/// Sorts, hashes and groups have findings of their own.
fn is_told_elsewhere(node: &Node) -> bool {
    let has_spilled = node.hash.is_some_and(|hash| hash.disk_kb > 0.0 || hash.batches > 1.0);
    has_spilled || node.kind.starts_with("Hash") || node.kind.contains("Sort")
}
