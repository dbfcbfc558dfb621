//! A drop that takes along what nobody named.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A drop that takes along what nobody named.
pub(super) struct DropCascade;

const ABOUT: About = About {
    name: "drop-cascade",
    severity: Severity::Error,
    summary: "CASCADE drops whatever depends on the object: views, foreign keys, functions, columns.",
    why: "What goes is decided by the database of the day, not by the migration, and only a notice \
        names it.",
    remedy: "drop the dependent objects by name first; without `cascade` PostgreSQL lists what is left",
    given: "",
    bad: "drop table old_orders cascade;",
    good: "drop view old_order_totals;",
};

impl Rule for DropCascade {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if at.is_down() {
            return;
        }
        match &at.statement.action {
            Action::Drop(drop) if drop.is_cascading => {
                let is_new =
                    !drop.names.is_empty() && drop.names.iter().all(|name| at.state.is_new(name));
                if !is_new {
                    findings.add(at.statement.span, "whatever depends on it is dropped unseen");
                }
            }
            Action::AlterTable(alter) if !at.state.is_new(&alter.table) => {
                for (span, change) in &alter.changes {
                    let is_cascading = matches!(
                        change,
                        Change::DropColumn { is_cascading: true, .. }
                            | Change::DropConstraint { is_cascading: true, .. }
                    );
                    if is_cascading {
                        findings.add(*span, "whatever depends on it is dropped unseen");
                    }
                }
            }
            _ => {}
        }
    }
}
