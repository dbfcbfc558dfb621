//! Planning takes longer than doing.

use super::{Finding, Look, Rule, Share, ShareOf};
use crate::plans::tree::count;

/// Below that nobody feels it.
const MS: f64 = 20.0;

/// So much is felt as a part of the whole, too.
const LONG_MS: f64 = 50.0;

/// The part of the whole from which on it is.
const PART: f64 = 0.2;

/// So many tables, partitions or chunks make planning slow by themselves.
const MANY: usize = 100;

/// See the summary.
pub(super) struct PlanningHeavy;

impl Rule for PlanningHeavy {
    fn name(&self) -> &'static str {
        "planning-heavy"
    }

    fn summary(&self) -> &'static str {
        "Planning takes longer than executing, or fifty milliseconds and a fifth of the whole."
    }

    fn why(&self) -> &'static str {
        "Each table, partition and chunk that may be read is opened and weighed with all its indexes \
         before the first row."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let Some(planning) = look.plan.planning_ms else { return Vec::new() };
        let Some(executing) = look.plan.total_ms() else { return Vec::new() };
        let part = planning / (planning + executing);
        let is_longer = planning >= MS && planning >= executing;
        if !is_longer && (planning < LONG_MS || part < PART) {
            return Vec::new();
        }
        let scans = look.plan.nodes.iter().filter(|node| node.relation.is_some()).count();
        let what = format!("planning took {planning:.0} ms, executing {executing:.0} ms");
        let mut finding = Finding::whole(self, what)
            .share_of(Share { part, of: ShareOf::Time })
            .evidence(format!("{scans} tables and parts of tables in the plan"))
            .evidence(format!(
                "{} pages read to plan",
                count(look.plan.planning_buffers.touched())
            ));
        if scans >= MANY {
            finding = finding.advise(
                "compare the partitioning column with constants, so that most parts are left out, or \
                 cut into larger parts",
            );
        }
        vec![finding.advise(
            "prepare the statement once and execute it many times; the first one in a session also \
             fills the session's cache, so explain it twice",
        )]
    }
}
