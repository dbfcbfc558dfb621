//! A hash join does not fit into memory.

use super::sort_spill::{MEMORY, more_memory};
use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// See the summary.
pub(super) struct HashSpill;

impl Rule for HashSpill {
    fn name(&self) -> &'static str {
        "hash-spill"
    }

    fn summary(&self) -> &'static str {
        "A hash join works in more than one batch."
    }

    fn why(&self) -> &'static str {
        "Both sides of the join are written to temporary files and read again, batch by batch."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let spilled = look.nodes().filter(|node| node.kind == "Hash").filter_map(|node| {
            let hash = node.hash.filter(|hash| hash.batches > 1.0)?;
            Some((node, hash, look.plan.parent(node).unwrap_or(node)))
        });
        spilled
            .map(|(node, hash, join)| {
                let what = format!("the join's hash is cut into {} batches", count(hash.batches));
                let mut finding = Finding::at(self, look, join, what)
                    .share_of(look.share(join))
                    .evidence(format!("{} kB of memory in each", count(hash.memory_kb)));
                finding.nodes.push(node.id);
                if hash.planned_batches > 0.0 && hash.planned_batches < hash.batches {
                    finding = finding.evidence(format!(
                        "{} were planned: more rows came than expected",
                        count(hash.planned_batches)
                    ));
                }
                if let Some(memory) = look.facts.setting("work_mem") {
                    finding = finding.evidence(format!("work_mem is {memory}"));
                }
                let needed = hash.batches * hash.memory_kb;
                finding
                    .advise("hash fewer rows and columns: filter before the join, select less")
                    .advise_sql(MEMORY, more_memory(needed))
            })
            .collect()
    }
}
