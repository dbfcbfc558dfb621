//! The statement is slow in use, and fast when it is explained.

use super::{Confidence, Finding, Look, Rule, Share, ShareOf};

/// How many times slower it must be in use.
const FACTOR: f64 = 5.0;

/// Below that nobody feels it.
const MS: f64 = 100.0;

/// See the summary.
pub(super) struct SlowerOutside;

impl Rule for SlowerOutside {
    fn name(&self) -> &'static str {
        "slower-outside"
    }

    fn summary(&self) -> &'static str {
        "The statement takes five times longer in use than it took here."
    }

    fn why(&self) -> &'static str {
        "What the plan does not show is waiting: for a lock, for the disk behind a full cache, for the \
         client; or other values, which have another plan."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let (Some(usual), Some(here)) = (look.usual_ms, look.plan.total_ms()) else {
            return Vec::new();
        };
        if usual < MS || usual < here * FACTOR {
            return Vec::new();
        }
        let what = format!("it usually takes {usual:.0} ms and took {here:.0} ms here");
        let part = (usual - here) / usual;
        let finding = Finding::whole(self, what)
            .share_of(Share { part, of: ShareOf::Time })
            .advise_sql(
                "look who waits for whom while it is slow",
                "select pid, pg_blocking_pids(pid), wait_event_type, wait_event, state, query\n\
                 from pg_stat_activity where wait_event_type = 'Lock';",
            )
            .advise_sql(
                "have waits for locks logged",
                "alter system set log_lock_waits = on;\nselect pg_reload_conf();",
            )
            .advise("explain it with the values that are slow")
            .confidence(Confidence::Medium);
        vec![finding]
    }
}
