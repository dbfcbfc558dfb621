//! A key whose index is built while nobody may use the table.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, ConstraintKind};
use crate::lint::{At, Findings, Severity};

/// A key whose index is built while nobody may use the table.
pub(super) struct UniqueConstraintWithoutIndex;

const ABOUT: About = About {
    name: "unique-constraint-without-index",
    severity: Severity::Error,
    summary: "Adding a unique or primary key builds its index under an ACCESS EXCLUSIVE lock.",
    why: "Readers and writers wait until all rows are sorted, and one duplicate fails the \
        migration. An index built concurrently can be taken over in a moment.",
    remedy: "build `create unique index concurrently` first, then `add constraint .. unique using \
        index ..`",
    given: "",
    bad: "\
alter table orders add constraint orders_number unique (number);",
    good: "\
create unique index concurrently orders_number on orders (number);
alter table orders add constraint orders_number unique using index orders_number;",
};

impl Rule for UniqueConstraintWithoutIndex {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        let size = at.state.table(&alter.table).and_then(|table| table.size);
        for (span, change) in &alter.changes {
            let constraints = match change {
                Change::AddConstraint(one) => std::slice::from_ref(one),
                Change::AddColumn(_, several) => several.as_slice(),
                _ => continue,
            };
            for constraint in constraints {
                let what = match constraint.kind {
                    ConstraintKind::PrimaryKey => "primary key",
                    ConstraintKind::Unique => "unique key",
                    ConstraintKind::Exclude => "exclusion constraint",
                    _ => continue,
                };
                if constraint.using_index.is_some() {
                    continue;
                }
                let message = format!(
                    "the index of this {what} is built while nobody may use `{}`",
                    alter.table
                );
                let span =
                    if matches!(change, Change::AddColumn(..)) { constraint.span } else { *span };
                let more = findings.add(span, message).sized(size);
                if matches!(constraint.kind, ConstraintKind::Exclude) {
                    more.help("there is no concurrent way: do it when nobody needs the table, or on a new table that is swapped in");
                } else if matches!(change, Change::AddColumn(..)) {
                    more.help("add the column alone, build the unique index concurrently, then take it over with `using index`");
                }
            }
        }
    }
}
