//! A check that is proved for all rows while nobody may write.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, ConstraintKind};
use crate::lint::{At, Findings, Severity};

/// A check that is proved for all rows while nobody may write.
pub(super) struct CheckWithoutNotValid;

const ABOUT: About = About {
    name: "check-without-not-valid",
    severity: Severity::Error,
    summary: "Adding a check without `not valid` reads the whole table under an ACCESS EXCLUSIVE lock.",
    why: "Every row is checked before anybody may read or write again, and one bad row fails the \
        migration. Added `not valid`, it holds for new rows at once; VALIDATE CONSTRAINT then \
        reads the old ones beside readers and writers.",
    remedy: "add it `not valid`, and `validate constraint` in another transaction",
    given: "",
    bad: "\
alter table orders add constraint orders_total_positive check (total > 0);",
    good: "\
alter table orders add constraint orders_total_positive check (total > 0) not valid;
alter table orders validate constraint orders_total_positive;",
};

impl Rule for CheckWithoutNotValid {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        let known = at.state.table(&alter.table);
        for (span, change) in &alter.changes {
            match change {
                Change::AddConstraint(constraint) if !constraint.is_not_valid => {
                    let is_check = matches!(
                        constraint.kind,
                        ConstraintKind::Check(_) | ConstraintKind::NotNull
                    );
                    if is_check {
                        let message =
                            format!("all of `{}` is read while nobody may use it", alter.table);
                        findings.add(*span, message).sized(known.and_then(|table| table.size));
                    }
                }
                Change::AddColumn(column, constraints) => {
                    let check =
                        constraints.iter().find(|one| matches!(one.kind, ConstraintKind::Check(_)));
                    if let Some(check) = check {
                        let message = format!(
                            "all of `{}` is read for the check of `{}` while nobody may use it",
                            alter.table, column.name
                        );
                        findings
                            .add(check.span, message)
                            .severity(Severity::Warning)
                            .sized(known.and_then(|table| table.size))
                            .help(
                                "add the column alone, its check `not valid` as a constraint of the table, and \
                                 validate it in another transaction",
                            );
                    }
                }
                _ => {}
            }
        }
    }
}
