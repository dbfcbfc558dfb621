//! A new column that must have a value, without one for the rows that are there.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A new column that must have a value, without one for the rows that are there.
pub(super) struct RequiredColumnWithoutDefault;

const ABOUT: About = About {
    name: "required-column-without-default",
    severity: Severity::Error,
    summary: "Adding a `not null` column without a default fails on any table that has rows.",
    why: "Rows that are there get null, which the constraint refuses: the migration fails, or works \
        on the empty database of the tests and fails in production.",
    remedy: "give it a constant default; or add it nullable, fill it in batches, and set it `not null` \
        by way of a validated check",
    given: "",
    bad: "alter table orders add column currency text not null;",
    good: "\
alter table orders add column currency text not null default 'EUR';",
};

impl Rule for RequiredColumnWithoutDefault {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        for (span, change) in &alter.changes {
            let Change::AddColumn(column, _) = change else { continue };
            let fills_itself = column.default.is_some()
                || column.is_identity
                || column.is_stored_generated
                || column.data_type.is_serial();
            if column.is_required && !fills_itself {
                let message = format!(
                    "`{}` must have a value, and rows of `{}` that are there have none",
                    column.name, alter.table
                );
                let more = findings.add(*span, message);
                if let Some(size) = at.state.table(&alter.table).and_then(|table| table.size) {
                    more.evidence(size.to_string());
                }
            }
        }
    }
}
