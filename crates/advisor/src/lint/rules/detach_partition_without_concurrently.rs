//! A partition detached in the way of the whole table.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A partition detached in the way of the whole table.
pub(super) struct DetachPartitionWithoutConcurrently;

const ABOUT: About = About {
    name: "detach-partition-without-concurrently",
    severity: Severity::Warning,
    summary: "DETACH PARTITION without `concurrently` closes the partitioned table.",
    why: "An ACCESS EXCLUSIVE lock on the parent waits for every running query, and every later \
        query waits for it.",
    remedy: "write `detach partition .. concurrently`, outside a transaction",
    given: "",
    bad: "alter table events detach partition events_may;",
    good: "\
alter table events detach partition events_may concurrently;",
};

impl Rule for DetachPartitionWithoutConcurrently {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        for (span, change) in &alter.changes {
            if let Change::DetachPartition { partition, is_concurrent: false } = change
                && !at.state.is_new(&alter.table)
            {
                findings.add(
                    *span,
                    format!("`{}` is closed while `{partition}` is detached", alter.table),
                );
            }
        }
    }
}
