//! A constraint validated while the lock that added it is still held.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A constraint validated while the lock that added it is still held.
pub(super) struct ValidateInSameTransaction;

const ABOUT: About = About {
    name: "validate-in-same-transaction",
    severity: Severity::Error,
    summary: "Validating in the transaction that added the constraint keeps the strong lock through the \
        scan.",
    why: "The lock of ADD CONSTRAINT is held until the transaction ends, so the scan runs under it: \
        `not valid` has won nothing.",
    remedy: "commit between the two: validate in another transaction, or in the next migration",
    given: "",
    bad: "\
begin;
alter table orders add constraint orders_total_positive check (total > 0) not valid;
alter table orders validate constraint orders_total_positive;
commit;",
    good: "\
alter table orders add constraint orders_total_positive check (total > 0) not valid;
alter table orders validate constraint orders_total_positive;",
};

impl Rule for ValidateInSameTransaction {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        let is_locked = at.is_in_transaction() && at.held.holds(&alter.table);
        if at.state.is_new(&alter.table) || !(is_locked || alter.changes.len() > 1) {
            return;
        }
        for (place, (span, change)) in alter.changes.iter().enumerate() {
            let Change::ValidateConstraint(name) = change else { continue };
            let is_added_here = alter.changes[..place].iter().any(|(_, earlier)| {
                matches!(earlier, Change::AddConstraint(one) if one.name.as_deref() == Some(name))
            });
            if is_locked || is_added_here {
                let message = format!(
                    "`{name}` is validated while the transaction still locks `{}`",
                    alter.table
                );
                let size = at.state.table(&alter.table).and_then(|table| table.size);
                findings.add(*span, message).sized(size);
            }
        }
    }
}
