//! `set not null` without a proof, so that every row is looked at under the lock.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// `set not null` without a proof, so that every row is looked at under the lock.
pub(super) struct SetNotNullUnchecked;

const ABOUT: About = About {
    name: "set-not-null-unchecked",
    severity: Severity::Error,
    summary: "SET NOT NULL reads the whole table under an ACCESS EXCLUSIVE lock, and fails on the first \
        null.",
    why: "Readers and writers wait for the scan. A validated check `column is not null` proves the \
        same: PostgreSQL 12 and later skip the scan then.",
    remedy: "add `check (column is not null) not valid`, validate it in another transaction, set not \
        null, drop the check",
    given: "",
    bad: "alter table orders alter column note set not null;",
    good: "\
alter table orders add constraint orders_note_set check (note is not null) not valid;
alter table orders validate constraint orders_note_set;
alter table orders alter column note set not null;",
};

impl Rule for SetNotNullUnchecked {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        let known = at.state.table(&alter.table);
        for (span, change) in &alter.changes {
            let Change::SetNotNull(column) = change else { continue };
            let is_set =
                known.and_then(|table| table.column(column)).is_some_and(|it| it.is_required);
            if is_set || known.is_some_and(|table| table.is_proven_not_null(column)) {
                continue;
            }
            let message = format!(
                "nothing proves that `{column}` has no nulls: all of `{}` is read while nobody may use it",
                alter.table
            );
            findings.add(*span, message).sized(known.and_then(|table| table.size));
        }
    }
}
