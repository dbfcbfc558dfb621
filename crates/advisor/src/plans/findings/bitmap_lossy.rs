//! A bitmap ran out of memory and remembers pages instead of rows.

use super::sort_spill::{MEMORY, more_memory};
use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// See the summary.
pub(super) struct BitmapLossy;

impl Rule for BitmapLossy {
    fn name(&self) -> &'static str {
        "bitmap-lossy"
    }

    fn summary(&self) -> &'static str {
        "A bitmap scan remembers pages instead of rows for want of memory."
    }

    fn why(&self) -> &'static str {
        "Of a page that is remembered as a whole, every row is looked at again, and most are thrown away."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let lossy = look.nodes().filter_map(|node| {
            let lossy = node.lossy_heap_blocks.filter(|lossy| *lossy > 0.0)?;
            let again = node.removed.by_recheck * node.loops();
            (again > 0.0).then_some((node, lossy, again))
        });
        lossy
            .map(|(node, lossy, again)| {
                let exact = node.exact_heap_blocks.unwrap_or_default();
                let what = format!(
                    "{} of {} pages are remembered as a whole",
                    count(lossy),
                    count(lossy + exact)
                );
                let finding = Finding::at(self, look, node, what)
                    .evidence(format!("{} rows looked at again and thrown away", count(again)));
                let finding = match look.facts.setting("work_mem") {
                    Some(memory) => finding.evidence(format!("work_mem is {memory}")),
                    None => finding,
                };
                // A page's rows take about 64 bytes of a bitmap.
                let needed = (lossy + exact) * 64.0 / 1_024.0 * 1.5;
                finding
                    .advise("an index that finds fewer rows: with more of the condition's columns")
                    .advise_sql(MEMORY, more_memory(needed.max(4_096.0)))
            })
            .collect()
    }
}
