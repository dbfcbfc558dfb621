//! A check added to a domain in use, and a column of a domain with a check.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::script::action::Change;
use crate::lint::{At, Findings, Severity};

/// A check added to a domain in use, and a column of a domain with a check.
pub(super) struct DomainConstraint;

const ABOUT: About = About {
    name: "domain-constraint",
    severity: Severity::Warning,
    summary: "Adding a check to a domain reads every table that has a column of it; adding a column of a \
        domain with a check writes the table anew.",
    why: "All of those tables are locked while their rows are compared, one after the other in one \
        transaction. A new column of such a domain is computed and written for every row, even where it is \
        null, while nobody may read.",
    remedy: "add the constraint `not valid`, and `alter domain .. validate constraint` in another \
        transaction",
    given: "",
    bad: "\
alter domain quantity add constraint quantity_positive check (value > 0);",
    good: "\
alter domain quantity add constraint quantity_positive check (value > 0) not valid;",
};

impl Rule for DomainConstraint {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if let Action::ConstrainDomain { domain, is_not_valid: false } = &at.statement.action {
            findings
                .add(at.statement.span, format!("every table with a column of `{domain}` is read"));
        }
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        let size = at.state.table(&alter.table).and_then(|table| table.size);
        for (span, change) in &alter.changes {
            let Change::AddColumn(column, _) = change else { continue };
            if at.state.is_checked_domain(&column.data_type) {
                let message = format!(
                    "`{}` is of the domain {}, which has a check: all of `{}` is written anew",
                    column.name, column.data_type, alter.table
                );
                findings.add(*span, message).severity(Severity::Error).sized(size).help(
                    "add a column of the domain's own type, and its check to the table, `not valid` first",
                );
            }
        }
    }
}
