//! Rows that are given to another tenant.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// Rows that are given to another tenant.
pub(super) struct RowChangesTenant;

const ABOUT: About = About {
    name: "row-changes-tenant",
    severity: Severity::Warning,
    summary: "An update writes the tenant column of rows that belong to somebody already.",
    why: "Another tenant sees the rows from the commit on, and their owner has lost them. What refers to them, \
        what was derived from them and what was sent out still says otherwise.",
    remedy: "leave rows with their tenant: copy what another is to have, and delete the old in a step of its own",
    given: super::TENANTS,
    bad: "\
update stores set tenant_id = '00000000-0000-0000-0000-000000000002' where id = 7;",
    good: "update stores set name = 'North' where id = 7;",
};

impl Rule for RowChangesTenant {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::ChangeRows(change) = &at.statement.action else { return };
        let Some(tenant) = &at.profile.tenant_column else { return };
        // Where the column may be null, it is being filled.
        let is_theirs =
            at.state.column(&change.table, tenant).is_some_and(|column| column.is_required);
        let is_set = change.sets.contains(tenant);
        if is_set && is_theirs && !at.is_down() && !at.state.is_new(&change.table) {
            let message = format!("rows of `{}` go to another tenant", change.table);
            findings.add(at.statement.span, message);
        }
    }
}
