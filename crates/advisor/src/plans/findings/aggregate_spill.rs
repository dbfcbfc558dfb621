//! Groups do not fit into memory.

use super::sort_spill::{MEMORY, more_memory};
use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// See the summary.
pub(super) struct AggregateSpill;

impl Rule for AggregateSpill {
    fn name(&self) -> &'static str {
        "aggregate-spill"
    }

    fn summary(&self) -> &'static str {
        "An aggregate by hashing writes to disk."
    }

    fn why(&self) -> &'static str {
        "Rows of groups that do not fit into work_mem are written to temporary files and grouped later."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let spilled = look.nodes().filter(|node| node.kind == "Aggregate").filter_map(|node| {
            let hash = node.hash.filter(|hash| hash.disk_kb > 0.0 || hash.batches > 1.0)?;
            Some((node, hash))
        });
        spilled
            .map(|(node, hash)| {
                let what = format!(
                    "grouping takes {} kB of disk, in {} batches",
                    count(hash.disk_kb),
                    count(hash.batches)
                );
                let mut finding = Finding::at(self, look, node, what)
                    .evidence(format!("grouped by {}", node.conditions.group_key.join(", ")))
                    .evidence(format!(
                        "{} groups, {} expected",
                        count(node.actual_rows().unwrap_or_default()),
                        count(node.estimate.rows)
                    ));
                if let Some(memory) = look.facts.setting("work_mem") {
                    finding = finding.evidence(format!("work_mem is {memory}"));
                }
                finding
                    .advise("group fewer rows, or keep such groups ready: a rollup of them")
                    .advise_sql(MEMORY, more_memory((hash.disk_kb + hash.memory_kb) * 2.0))
            })
            .collect()
    }
}
