//! Compiling took longer than it can have saved.

use super::{Finding, Look, Rule, Share, ShareOf};
use crate::plans::tree::count;

/// The share of the time that compiling may take.
const SHARE: f64 = 0.1;

/// Below that nobody feels it.
const MS: f64 = 5.0;

/// See the summary.
pub(super) struct JitOverhead;

impl Rule for JitOverhead {
    fn name(&self) -> &'static str {
        "jit-overhead"
    }

    fn summary(&self) -> &'static str {
        "Just-in-time compilation takes a tenth of the time."
    }

    fn why(&self) -> &'static str {
        "Expressions are compiled when the estimated cost is high, anew each time the statement runs; \
         that pays only where millions of rows are calculated."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let (Some(jit), Some(total)) = (look.plan.jit, look.plan.total_ms()) else {
            return Vec::new();
        };
        let part = (jit.total_ms / total.max(0.001)).min(1.0);
        if part < SHARE || jit.total_ms < MS {
            return Vec::new();
        }
        let what = format!("compiling took {:.0} of {total:.0} ms", jit.total_ms);
        let mut finding = Finding::whole(self, what)
            .share_of(Share { part, of: ShareOf::Time })
            .evidence(format!("{} functions", count(jit.functions)))
            .evidence(format!("estimated cost {}", count(look.plan.total_cost())));
        if let Some(above) = look.facts.setting("jit_above_cost") {
            finding = finding.evidence(format!("jit_above_cost is {above}"));
        }
        let above = (look.plan.total_cost() * 5.0).max(500_000.0);
        let finding = finding
            .advise_sql("switch it off for this transaction and compare", "set local jit = off;")
            .advise_sql(
                "for all statements of this size, compile later",
                format!("alter system set jit_above_cost = {above:.0};\nselect pg_reload_conf();"),
            );
        vec![finding]
    }
}
