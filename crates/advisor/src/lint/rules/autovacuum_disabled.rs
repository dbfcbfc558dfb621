//! A table that nobody tidies up.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, is_off};
use crate::lint::script::{Name, Statement};
use crate::lint::{At, Findings, Severity};

/// A table that nobody tidies up.
pub(super) struct AutovacuumDisabled;

const ABOUT: About = About {
    name: "autovacuum-disabled",
    severity: Severity::Warning,
    summary: "Autovacuum is switched off for a table.",
    why: "Dead rows stay and every scan reads them, statistics grow old and plans with them, and one day the \
        server forces a vacuum against wraparound at an hour of its own choice.",
    remedy: "give the table settings that suit it, such as `autovacuum_vacuum_cost_delay`; off for a load only, \
        and on again in the same script",
    given: "",
    bad: "alter table orders set (autovacuum_enabled = false);",
    good: "alter table orders set (autovacuum_vacuum_scale_factor = 0.02);",
};

impl Rule for AutovacuumDisabled {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let (table, is_off) = match &at.statement.action {
            Action::AlterTable(alter) => {
                let mut changes = alter.changes.iter();
                (&alter.table, changes.any(|(_, change)| switched(change) == Some(false)))
            }
            Action::CreateTable(create) => (&create.name, is_on(&create.options) == Some(false)),
            _ => return,
        };
        if at.is_down() || !is_off {
            return;
        }
        let is_it = |name: &Name| name.qualified() == table.qualified();
        let ends = |later: &Statement| match &later.action {
            Action::AlterTable(other) => {
                let mut changes = other.changes.iter();
                is_it(&other.table) && changes.any(|(_, change)| switched(change) == Some(true))
            }
            Action::Drop(drop) => drop.names.iter().any(is_it),
            _ => false,
        };
        if !at.script.statements[at.index + 1..].iter().any(ends) {
            let message = format!("nothing vacuums or analyzes `{table}` from here on");
            findings.add(at.statement.span, message);
        }
    }
}

/// Returns whether a change switches autovacuum on or off.
fn switched(change: &Change) -> Option<bool> {
    let Change::SetOptions(options) = change else { return None };
    is_on(options)
}

fn is_on(options: &[(String, String)]) -> Option<bool> {
    let is_switch = |name: &str| name.trim_start_matches("toast.") == "autovacuum_enabled";
    options.iter().find(|(name, _)| is_switch(name)).map(|(_, value)| !is_off(value))
}
