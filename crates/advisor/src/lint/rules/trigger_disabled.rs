//! Triggers switched off or dropped.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, ObjectKind};
use crate::lint::{At, Findings, Severity};

/// Triggers switched off or dropped.
pub(super) struct TriggerDisabled;

const ABOUT: About = About {
    name: "trigger-disabled",
    severity: Severity::Error,
    summary: "While a trigger is disabled or gone, what it guards is not guarded.",
    why: "DISABLE TRIGGER ALL also switches foreign keys off, and rows written meanwhile are never \
        checked: the constraint claims what is not so.",
    remedy: "leave triggers on; load into a new table, check the rows there, and move them in batches",
    given: "",
    bad: "alter table orders disable trigger all;",
    good: "alter table orders enable trigger all;",
};

impl Rule for TriggerDisabled {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let sets_it = |name: &str, value: &str| {
            name.eq_ignore_ascii_case("session_replication_role")
                && value.eq_ignore_ascii_case("replica")
        };
        let is_set = match &at.statement.action {
            Action::Set { name, value } | Action::SetForSessions { name, value, .. } => {
                sets_it(name, value)
            }
            Action::Select { calls } => calls.iter().any(|call| {
                let (name, value) =
                    (call.argument(0, "setting_name"), call.argument(1, "new_value"));
                call.name.ends_with("set_config")
                    && sets_it(name.unwrap_or_default(), value.unwrap_or_default())
            }),
            _ => false,
        };
        if is_set {
            findings
                .add(at.statement.span, "triggers and foreign keys of this session guard nothing");
        }
        if at.is_down() {
            return;
        }
        tell_of_dropped(at, findings);
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        for (span, change) in &alter.changes {
            let Change::DisableTrigger(which) = change else { continue };
            let what = match which.to_lowercase().as_str() {
                "all" => "all triggers and foreign keys".to_owned(),
                "user" => "all triggers".to_owned(),
                name => format!("`{name}`"),
            };
            findings.add(*span, format!("{what} of `{}` no longer guard anything", alter.table));
        }
    }
}

/// A trigger that is dropped and not made again guards as little.
fn tell_of_dropped(at: &At<'_>, findings: &mut Findings<'_>) {
    let Action::Drop(drop) = &at.statement.action else { return };
    let Some(table) = drop.on.as_ref().filter(|_| drop.kind == ObjectKind::Trigger) else { return };
    let is_remade = at.script.statements.iter().any(|other| match &other.action {
        Action::CreateTrigger { table: on } => on == table,
        Action::Drop(gone) => gone.kind == ObjectKind::Table && gone.names.contains(table),
        _ => false,
    });
    if !is_remade && !at.state.is_new(table) {
        for name in &drop.names {
            let message = format!("what `{name}` did for rows of `{table}` is done no more");
            findings.add(at.statement.span, message).severity(Severity::Warning).help(
                "make its successor in the same script; say in an allow comment why none is needed",
            );
        }
    }
}
