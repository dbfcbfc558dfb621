//! A view or function dropped under running code.

use super::{About, Rule};
use crate::lint::script::action::{Action, ObjectKind};
use crate::lint::{At, Findings, Severity};

/// A view or function dropped under running code.
pub(super) struct DropViewOrFunction;

const ABOUT: About = About {
    name: "drop-view-or-function",
    severity: Severity::Warning,
    summary: "Dropping a view, function, type, sequence or extension breaks every query that uses it.",
    why: "The release before this one runs on for a while, and fails on its next query. What a \
        materialized view stored is gone too.",
    remedy: "release code that does not use it first, and say so in an allow comment; `create or \
        replace` where it only changes",
    given: "",
    bad: "drop view open_orders;",
    good: "create or replace view open_orders with (security_invoker) as select 1 as id;",
};

impl Rule for DropViewOrFunction {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Drop(drop) = &at.statement.action else { return };
        if at.is_down() {
            return;
        }
        let what = match drop.kind {
            ObjectKind::View => "view",
            ObjectKind::MaterializedView => "materialized view",
            ObjectKind::Routine => "function",
            ObjectKind::Type => "type",
            ObjectKind::Sequence => "sequence",
            ObjectKind::Extension => "extension",
            _ => return,
        };
        for name in &drop.names {
            // What is made again in the same script has changed, and is not gone.
            let is_remade = at.script.statements.iter().any(|other| match &other.action {
                Action::CreateView(view) => view.name == *name,
                Action::CreateFunction(function) => function.name == *name,
                Action::CreateEnum(made) | Action::CreateSequence(made) => made == name,
                Action::CreateTable(table) => table.name == *name,
                Action::Rename { to, .. } => *to == name.name,
                Action::AlterTable(alter) => alter.table == *name,
                _ => false,
            });
            let is_new = at.state.is_new(name)
                || (drop.kind == ObjectKind::Sequence && at.state.is_new_sequence(name));
            if !is_remade && !is_new {
                let message =
                    format!("code that still uses the {what} `{name}` fails from here on");
                findings.add(at.statement.span, message);
            }
        }
    }
}
