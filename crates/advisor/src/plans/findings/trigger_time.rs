//! Triggers and references take the time.

use super::{Finding, Look, Rule, Share, ShareOf};
use crate::plans::tree::count;

/// The share of the time that triggers may take.
const SHARE: f64 = 0.2;

/// See the summary.
pub(super) struct TriggerTime;

impl Rule for TriggerTime {
    fn name(&self) -> &'static str {
        "trigger-time"
    }

    fn summary(&self) -> &'static str {
        "Triggers, those of foreign keys among them, take a fifth of the time."
    }

    fn why(&self) -> &'static str {
        "They run for each row; deleting or changing a row that is referenced looks for those that \
         reference it, through their whole table where no index has that column in front."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let Some(total) = look.plan.total_ms() else { return Vec::new() };
        let slow = look.plan.triggers.iter().filter_map(|trigger| {
            let part = (trigger.time_ms / total.max(0.001)).min(1.0);
            (part >= SHARE).then_some((trigger, part))
        });
        slow.map(|(trigger, part)| {
            let what = format!("{} took {:.0} ms", trigger.name, trigger.time_ms);
            Finding::whole(self, what)
                .share_of(Share { part, of: ShareOf::Time })
                .evidence(format!(
                    "{} calls, {:.3} ms each",
                    count(trigger.calls),
                    trigger.time_ms / trigger.calls.max(1.0)
                ))
                .advise(
                    "of a foreign key: index the columns that reference, in the table that does; of \
                     a trigger of yours: do it once for each statement, with transition tables",
                )
        })
        .collect()
    }
}
