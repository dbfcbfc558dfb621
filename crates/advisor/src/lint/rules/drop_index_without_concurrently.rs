//! An index dropped in the way of readers and writers.

use super::{About, Rule};
use crate::lint::script::action::{Action, ObjectKind};
use crate::lint::{At, Findings, Severity};

/// An index dropped in the way of readers and writers.
pub(super) struct DropIndexWithoutConcurrently;

const ABOUT: About = About {
    name: "drop-index-without-concurrently",
    severity: Severity::Warning,
    summary: "Dropping an index without `concurrently` waits for everybody, and everybody behind it \
        waits too.",
    why: "DROP INDEX takes an ACCESS EXCLUSIVE lock on the table. The drop itself is quick, but it \
        queues behind the longest running query, and every later query queues behind the drop.",
    remedy: "write `drop index concurrently`, outside a transaction; or set a short `lock_timeout` and \
        try again",
    given: "",
    bad: "drop index orders_placed_at;",
    good: "drop index concurrently orders_placed_at;",
};

impl Rule for DropIndexWithoutConcurrently {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Drop(drop) = &at.statement.action else { return };
        if drop.kind != ObjectKind::Index || drop.is_concurrent || at.is_down() {
            return;
        }
        for name in &drop.names {
            let table = at.state.index(name).map(|(table, _)| table);
            let is_new = table.is_some_and(|table| at.state.is_new(&table.name));
            // A partitioned index cannot be dropped concurrently.
            if is_new || table.is_some_and(|table| !table.partition_columns.is_empty()) {
                continue;
            }
            findings
                .add(
                    at.statement.span,
                    format!("dropping `{name}` closes its table to readers and writers"),
                )
                .sized(table.and_then(|table| table.size));
        }
    }
}
