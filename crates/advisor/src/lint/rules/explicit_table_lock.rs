//! A table locked by hand.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A table locked by hand.
pub(super) struct ExplicitTableLock;

const ABOUT: About = About {
    name: "explicit-table-lock",
    severity: Severity::Warning,
    summary: "LOCK TABLE keeps others waiting until the transaction ends, whatever else it does.",
    why: "Statements take the weakest lock that they need, and only when they need it. A lock taken \
        ahead is held longer and is stronger.",
    remedy: "leave locking to the statements; to order two of them use an advisory lock",
    given: "",
    bad: "\
begin;
lock table orders in access exclusive mode;
commit;",
    good: "\
begin;
select pg_advisory_xact_lock(42);
commit;",
};

impl Rule for ExplicitTableLock {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Lock { tables, mode } = &at.statement.action else { return };
        let is_weak = matches!(mode.as_str(), "access share" | "row share" | "row exclusive");
        let Some(table) = tables.iter().find(|table| !at.state.is_new(table)).filter(|_| !is_weak)
        else {
            return;
        };
        findings
            .add(at.statement.span, format!("`{table}` is locked in {mode} mode until the commit"));
    }
}
