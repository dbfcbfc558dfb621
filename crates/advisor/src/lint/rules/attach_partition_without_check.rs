//! A partition whose bounds nothing proves.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::state::KnownKind;
use crate::lint::{At, Findings, Severity};

/// A partition whose bounds nothing proves.
pub(super) struct AttachPartitionWithoutCheck;

const ABOUT: About = About {
    name: "attach-partition-without-check",
    severity: Severity::Warning,
    summary: "ATTACH PARTITION reads the whole partition under its lock unless a check proves the \
        bounds.",
    why: "The partition is closed for as long as its rows are compared with the bounds, and a \
        DEFAULT partition is read as well.",
    remedy: "add a check of the same bounds `not valid` to the partition, validate it, attach, then \
        drop the check",
    given: "",
    bad: "\
alter table events attach partition events_may for values from ('2026-05-01') to ('2026-06-01');",
    good: "\
alter table events_may add constraint events_may_bounds
    check (at >= '2026-05-01' and at < '2026-06-01') not valid;
alter table events_may validate constraint events_may_bounds;
alter table events attach partition events_may for values from ('2026-05-01') to ('2026-06-01');",
};

impl Rule for AttachPartitionWithoutCheck {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        for (span, change) in &alter.changes {
            let Change::AttachPartition { partition, is_default } = change else { continue };
            let known = at.state.table(partition);
            let parent =
                at.state.table(&alter.table).map(|table| table.partition_columns.as_slice());
            let is_proven = known.is_some_and(|table| {
                table.constraints.iter().any(|one| {
                    let KnownKind::Check(condition) = &one.kind else { return false };
                    // Of a parent that is not known, any check is taken for the one of its bounds.
                    let names_bounds = parent.is_none_or(|columns| {
                        columns.iter().any(|column| condition.contains(column.as_str()))
                    });
                    one.is_valid && names_bounds
                })
            });
            if !at.state.is_new(partition) && *is_default {
                let message =
                    format!("all of `{partition}` is compared with the bounds of every partition");
                findings.add(*span, message).sized(known.and_then(|table| table.size)).help(
                    "give each partition its own rows first; with a default, every later partition \
                     reads it whole as well",
                );
            } else if !at.state.is_new(partition) && !is_proven {
                let message = format!("all of `{partition}` is read while nobody may use it");
                findings.add(*span, message).sized(known.and_then(|table| table.size));
            }
        }
    }
}
