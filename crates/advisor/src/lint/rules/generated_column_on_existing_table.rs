//! A stored generated or numbering column added to a table in use.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A stored generated or numbering column added to a table in use.
pub(super) struct GeneratedColumnOnExistingTable;

const ABOUT: About = About {
    name: "generated-column-on-existing-table",
    severity: Severity::Error,
    summary: "Adding a stored generated, identity or serial column writes the whole table anew.",
    why: "The value of every row is computed and written under an ACCESS EXCLUSIVE lock, and every \
        index is rebuilt. Readers wait too.",
    remedy: "add a plain column, keep it by a trigger, fill old rows in batches; for numbers set the \
        default to the sequence first",
    given: "",
    bad: "\
alter table orders add column total numeric generated always as (price * quantity) stored;",
    good: "alter table orders add column total numeric;",
};

impl Rule for GeneratedColumnOnExistingTable {
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
            let Change::AddColumn(column, _) = change else { continue };
            let what = if column.is_stored_generated {
                "is stored and generated"
            } else if column.is_identity || column.data_type.is_serial() {
                "numbers its rows"
            } else {
                continue;
            };
            let message =
                format!("`{}` {what}: every row of `{}` is written anew", column.name, alter.table);
            findings.add(*span, message).sized(size);
        }
    }
}
