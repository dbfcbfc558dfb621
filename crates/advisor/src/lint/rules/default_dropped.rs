//! A default taken off a column that must have a value.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A default taken off a column that must have a value.
pub(super) struct DefaultDropped;

const ABOUT: About = About {
    name: "default-dropped",
    severity: Severity::Warning,
    summary: "A `not null` column loses its default.",
    why: "The release before this one leaves the column out of its inserts, and each of them fails \
        from the commit on.",
    remedy: "release code that writes the column everywhere, then drop the default",
    given: "create table orders (id bigint primary key, currency text not null default 'EUR');",
    bad: "alter table orders alter column currency drop default;",
    good: "alter table orders alter column currency set default 'CHF';",
};

impl Rule for DefaultDropped {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) || at.is_down() {
            return;
        }
        for (span, change) in &alter.changes {
            let Change::DropDefault(column) = change else { continue };
            // Between two types a default goes and comes again.
            let is_given_again = at.script.statements.iter().any(|other| {
                matches!(&other.action, Action::AlterTable(other) if other.table == alter.table
                && other.changes.iter().any(|(_, change)| {
                    matches!(change, Change::SetDefault(set, _) | Change::AddIdentity(set)
                        if set == column)
                        || matches!(change, Change::DropNotNull(free) if free == column)
                }))
            });
            let is_required =
                at.state.column(&alter.table, column).is_some_and(|known| known.is_required);
            if is_required && !is_given_again {
                findings.add(
                    *span,
                    format!("inserts into `{}` without `{column}` fail from here on", alter.table),
                );
            }
        }
    }
}
