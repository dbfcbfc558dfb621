//! A check added to a domain in use.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A check added to a domain in use.
pub(super) struct DomainConstraint;

const ABOUT: About = About {
    name: "domain-constraint",
    severity: Severity::Warning,
    summary: "Adding a check to a domain reads every table that has a column of it.",
    why: "All of those tables are locked while their rows are compared, one after the other in one \
        transaction.",
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
    }
}
