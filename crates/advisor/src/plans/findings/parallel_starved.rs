//! Fewer workers came than were planned.

use super::{Confidence, Finding, Look, Rule};
use crate::plans::tree::count;

/// See the summary.
pub(super) struct ParallelStarved;

impl Rule for ParallelStarved {
    fn name(&self) -> &'static str {
        "parallel-starved"
    }

    fn summary(&self) -> &'static str {
        "Fewer workers came than were planned."
    }

    fn why(&self) -> &'static str {
        "The plan was chosen because several would share the work; with fewer it takes longer than was \
         expected, and another plan may have been better."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let gathers = look.nodes().filter_map(|node| {
            let (planned, came) = (node.workers_planned?, node.workers_launched?);
            (came < planned).then_some((node, planned, came))
        });
        gathers
            .map(|(node, planned, came)| {
                let what = format!("{} of {} workers came", count(came), count(planned));
                let finding = Finding::at(self, look, node, what).share_of(look.share_below(node));
                let finding = match look.facts.setting("max_parallel_workers") {
                    Some(most) => finding.evidence(format!(
                        "max_parallel_workers is {most}, for all sessions together"
                    )),
                    None => finding,
                };
                finding
                    .advise("the statement is not at fault: others had the workers; run it again")
                    .advise(
                        "if it is always so, raise max_parallel_workers and max_worker_processes",
                    )
                    .confidence(Confidence::Medium)
            })
            .collect()
    }
}
