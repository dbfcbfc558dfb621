//! A column renamed under running code.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::state::Kind;
use crate::lint::{At, Findings, Severity};

/// A column renamed under running code.
pub(super) struct RenameColumn;

const ABOUT: About = About {
    name: "rename-column",
    severity: Severity::Error,
    summary: "Renaming a column breaks every query that runs with the old name.",
    why: "The old and the new release run side by side for a while, and one of them has the wrong \
        name.",
    remedy: "add a column of the new name, write both, move readers over, drop the old one in a later \
        release",
    given: "",
    bad: "alter table orders rename column note to remark;",
    good: "alter table orders add column remark text;",
};

impl Rule for RenameColumn {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        let is_view = at.state.table(&alter.table).is_some_and(|table| table.kind == Kind::View);
        if at.is_down() || at.state.is_new(&alter.table) || is_view {
            return;
        }
        for (span, change) in &alter.changes {
            if let Change::RenameColumn { from, to } = change {
                findings.add(
                    *span,
                    format!(
                        "code that still reads `{}.{from}` fails once it is `{to}`",
                        alter.table
                    ),
                );
            }
        }
    }
}
