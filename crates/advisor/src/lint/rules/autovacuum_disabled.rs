//! A table that nobody tidies up.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, is_off};
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
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.is_down() || alter.changes.iter().all(|(_, change)| switched(change) != Some(false)) {
            return;
        }
        let is_on_again = at.script.statements[at.index + 1..].iter().any(|later| {
            matches!(&later.action, Action::AlterTable(other) if other.table == alter.table
                && other.changes.iter().any(|(_, change)| switched(change) == Some(true)))
        });
        if !is_on_again {
            let message = format!("nothing vacuums or analyzes `{}` from here on", alter.table);
            findings.add(at.statement.span, message);
        }
    }
}

/// Returns whether a change switches autovacuum on or off.
fn switched(change: &Change) -> Option<bool> {
    let Change::SetOptions(options) = change else { return None };
    let is_switch = |name: &str| name.trim_start_matches("toast.") == "autovacuum_enabled";
    options.iter().find(|(name, _)| is_switch(name)).map(|(_, value)| !is_off(value))
}
