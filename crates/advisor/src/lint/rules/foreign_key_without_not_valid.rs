//! A foreign key that is proved for all rows while nobody may write.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, ConstraintKind};
use crate::lint::{At, Findings, Severity};

/// A foreign key that is proved for all rows while nobody may write.
pub(super) struct ForeignKeyWithoutNotValid;

const ABOUT: About = About {
    name: "foreign-key-without-not-valid",
    severity: Severity::Error,
    summary: "Adding a foreign key without `not valid` keeps writers of both tables waiting until all \
        rows are compared.",
    why: "ADD FOREIGN KEY holds SHARE ROW EXCLUSIVE locks on both tables while it joins them. Added \
        `not valid` it holds for new rows at once; VALIDATE CONSTRAINT then looks at the old ones \
        beside writers.",
    remedy: "add it `not valid`, and `validate constraint` in another transaction",
    given: "",
    bad: "\
alter table orders add constraint orders_store foreign key (store_id) references stores (id);",
    good: "\
alter table orders add constraint orders_store foreign key (store_id) references stores (id) not valid;
alter table orders validate constraint orders_store;",
};

impl Rule for ForeignKeyWithoutNotValid {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        let size = at.state.table(&alter.table).and_then(|table| table.size);
        for (span, change) in &alter.changes {
            match change {
                Change::AddConstraint(constraint) if !constraint.is_not_valid => {
                    if let ConstraintKind::ForeignKey(to) = &constraint.kind {
                        let message = format!(
                            "writers of `{}` and `{}` wait while all rows are compared",
                            alter.table, to.table
                        );
                        findings.add(*span, message).sized(size);
                    }
                }
                // A new column is null everywhere, but the tables are locked and scanned all the same.
                Change::AddColumn(column, constraints) => {
                    for constraint in constraints {
                        let ConstraintKind::ForeignKey(to) = &constraint.kind else { continue };
                        let message = format!(
                            "adding `{}` with its reference keeps writers of `{}` and `{}` waiting",
                            column.name, alter.table, to.table
                        );
                        findings.add(constraint.span, message).sized(size).help(
                            "add the column alone, then the foreign key `not valid`, then validate it in \
                             another transaction",
                        );
                    }
                }
                _ => {}
            }
        }
    }
}
