//! A column dropped while code may still read it.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A column dropped while code may still read it.
pub(super) struct DropColumn;

const ABOUT: About = About {
    name: "drop-column",
    severity: Severity::Warning,
    summary: "Dropping a column loses its data, and breaks whatever still names it.",
    why: "While old and new code run side by side, old code fails on the missing column; going back \
        brings no data back.",
    remedy: "release code that does not use the column first, then drop it in a later release; say so \
        in an allow comment",
    given: "",
    bad: "alter table orders drop column note;",
    good: "alter table orders alter column note drop not null;",
};

impl Rule for DropColumn {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.is_down() || at.state.is_new(&alter.table) {
            return;
        }
        for (span, change) in &alter.changes {
            let Change::DropColumn { name, .. } = change else { continue };
            let is_from_here = at.before.column(&alter.table, name).is_none()
                && at.state.column(&alter.table, name).is_some();
            if !is_from_here {
                findings.add(
                    *span,
                    format!(
                        "the data in `{}.{name}` is lost, and code that names it fails",
                        alter.table
                    ),
                );
            }
        }
    }
}
