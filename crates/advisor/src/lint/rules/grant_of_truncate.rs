//! A right that policies do not hold back.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A right that policies do not hold back.
pub(super) struct GrantOfTruncate;

const ABOUT: About = About {
    name: "grant-of-truncate",
    severity: Severity::Warning,
    summary: "TRUNCATE asks no policy: it empties the table for every tenant.",
    why: "Row security looks at rows that are read and written. A role with this right takes those \
        of all tenants away with one statement.",
    remedy: "grant `select, insert, update, delete`, and only those that are needed",
    given: super::TENANTS,
    bad: "grant truncate on stores to app;",
    good: "grant select, insert, update, delete on stores to app;",
};

impl Rule for GrantOfTruncate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Grant(grant) = &at.statement.action else { return };
        if at.is_down() || at.profile.tenant_column.is_none() {
            return;
        }
        let is_named = grant.privileges.contains("truncate");
        // The word for all rights has this one in it: seldom meant, so it is told and no more.
        let is_of_all = grant.privileges.starts_with("all");
        let guarded = grant.tables.iter().find(|name| {
            at.state
                .table(name)
                .is_some_and(|table| table.has_row_security || table.is_isolated_by_function)
        });
        let Some(table) = guarded.filter(|_| is_named || is_of_all) else { return };
        let message = format!("{} may empty `{table}` for every tenant", grant.to.join(", "));
        let more = findings.add(at.statement.span, message);
        if !is_named {
            more.at_most(Severity::Note);
        }
    }
}
