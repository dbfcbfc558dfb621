//! A sort does not fit into memory.

use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// See the summary.
pub(super) struct SortSpill;

/// Writes how a transaction allows itself more memory, rounded up to what people would choose.
pub(super) fn more_memory(kilobytes: f64) -> String {
    let megabytes = (kilobytes / 1_024.0).clamp(1.0, 65_536.0) as u64;
    format!("set local work_mem = '{}MB';", megabytes.next_power_of_two())
}

/// What must be said with any memory that is allowed.
pub(super) const MEMORY: &str = "it counts for each sort and hash, in each worker, of each session: \
                                 allow it to this transaction or this role alone";

impl Rule for SortSpill {
    fn name(&self) -> &'static str {
        "sort-spill"
    }

    fn summary(&self) -> &'static str {
        "A sort writes to disk."
    }

    fn why(&self) -> &'static str {
        "Rows that do not fit into work_mem are written to temporary files and read again, once or \
         several times."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let spilled = look.nodes().filter_map(|node| {
            let sort = node.sort.as_ref().filter(|sort| sort.is_on_disk)?;
            Some((node, sort))
        });
        spilled
            .map(|(node, sort)| {
                let what =
                    format!("a sort takes {} kB of disk ({})", count(sort.space_kb), sort.method);
                let keys = node.conditions.sort_key.join(", ");
                let mut finding = Finding::at(self, look, node, what)
                    .evidence(format!("sorted by {keys}"))
                    .evidence(format!(
                        "{} rows of {} bytes",
                        count(node.actual_rows().unwrap_or(node.estimate.rows)),
                        count(node.estimate.width)
                    ));
                if let Some(memory) = look.facts.setting("work_mem") {
                    finding = finding.evidence(format!("work_mem is {memory}"));
                }
                finding
                    .advise("sort fewer rows and columns: filter or aggregate before, join after")
                    .advise("an index in that order, where it is the order of one table's columns")
                    // In memory rows take about three times the room that they take on disk.
                    .advise_sql(MEMORY, more_memory(sort.space_kb * 3.0))
            })
            .collect()
    }
}
