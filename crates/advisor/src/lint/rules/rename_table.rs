//! A table renamed or moved under running code.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, ObjectKind};
use crate::lint::{At, Findings, Severity};

/// A table renamed or moved under running code.
pub(super) struct RenameTable;

const ABOUT: About = About {
    name: "rename-table",
    severity: Severity::Error,
    summary: "Renaming a table, view, function or type, or moving it to another schema, breaks every \
        query that runs with the old name.",
    why: "The old and the new release run side by side for a while, and one of them has the wrong \
        name.",
    remedy: "rename it and create a view with the old name in the same transaction; drop the view when \
        no code uses it",
    given: "",
    bad: "alter table orders rename to purchases;",
    good: "\
begin;
alter table orders rename to purchases;
create view orders with (security_invoker) as select id, note from purchases;
commit;",
};

impl Rule for RenameTable {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if at.is_down() {
            return;
        }
        let (name, span) = match &at.statement.action {
            Action::AlterTable(alter) => {
                let renamed = alter.changes.iter().find(|(_, change)| {
                    matches!(change, Change::RenameTable(_) | Change::SetSchema(_))
                });
                match renamed {
                    Some((span, _)) => (&alter.table, *span),
                    None => return,
                }
            }
            Action::Rename { kind, from, .. } if *kind != ObjectKind::Index => {
                (from, at.statement.span)
            }
            _ => return,
        };
        // A new table takes the name over, or a view keeps it: what comes behind is looked at.
        let is_kept = at.script.statements[at.index..].iter().any(|later| match &later.action {
            Action::CreateView(view) => view.name == *name,
            Action::CreateFunction(function) => function.name == *name,
            Action::CreateEnum(made) => made == name,
            Action::AlterTable(alter) => alter
                .changes
                .iter()
                .any(|(_, change)| matches!(change, Change::RenameTable(to) if *to == name.name)),
            _ => false,
        });
        if !at.state.is_new(name) && !is_kept {
            findings.add(span, format!("code that still reads `{name}` fails from here on"));
        }
    }
}
