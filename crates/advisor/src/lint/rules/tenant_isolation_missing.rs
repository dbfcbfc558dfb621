//! A tenant's table that every tenant can read.

use super::{About, Rule};
use crate::lint::script::{Action, Name};
use crate::lint::{Findings, Severity, Whole};

/// A tenant's table that every tenant can read.
pub(super) struct TenantIsolationMissing;

const ABOUT: About = About {
    name: "tenant-isolation-missing",
    severity: Severity::Error,
    summary: "The table has the tenant column, and nothing keeps tenants apart.",
    why: "One query without its condition shows the rows of all tenants. Row security makes that \
        condition the database's.",
    remedy: "enable and force row level security, with a policy on the tenant column for reading and \
        writing",
    given: super::TENANTS,
    bad: "\
create table reviews (tenant_id uuid not null, id bigint, primary key (tenant_id, id));",
    good: "\
create table reviews (tenant_id uuid not null, id bigint, primary key (tenant_id, id));
alter table reviews enable row level security;
alter table reviews force row level security;
create policy isolation on reviews using (tenant_id = current_setting('app.tenant')::uuid);",
};

impl Rule for TenantIsolationMissing {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        let Some(tenant) = &whole.profile.tenant_column else { return };
        for statement in &whole.script.statements {
            if let Action::CreateTableAs { name, reads, is_temporary: false, .. } =
                &statement.action
            {
                let is_tenants = |from: &&Name| {
                    whole.after.table(from).is_some_and(|from| from.column(tenant).is_some())
                };
                let is_guarded = whole
                    .after
                    .table(name)
                    .is_some_and(|copy| copy.has_row_security || copy.is_isolated_by_function);
                let copied = reads.iter().find(is_tenants).filter(|_| !is_guarded);
                if let Some(from) = copied {
                    let message = format!(
                        "`{name}` copies rows of `{from}`, and nothing keeps tenants apart"
                    );
                    findings.add(statement.span, message);
                }
            }
            let Action::CreateTable(create) = &statement.action else { continue };
            let Some(table) = whole.after.table(&create.name) else { continue };
            let is_exempt = create.is_temporary
                || create.partition_of.is_some()
                || !whole.profile.is_tenants(create.name.schema.as_deref())
                || table.column(tenant).is_none();
            if is_exempt || table.is_isolated_by_function {
                continue;
            }
            let what = if !table.has_row_security {
                "row security is off"
            } else if table.policies.is_empty() {
                "row security has no policy, so nobody but the owner sees a row"
            } else if !table.is_row_security_forced {
                let message = format!("the owner of `{}` passes its policies", create.name);
                findings.add(create.name_span, message).severity(Severity::Warning).help(
                    "`force row level security` too: whoever connects as the owner sees every tenant",
                );
                continue;
            } else {
                continue;
            };
            let message = format!("`{}` has `{tenant}`, but {what}", create.name);
            let more = findings.add(create.name_span, message);
            // A list of the tenants themselves is often nobody's but the operator's.
            let is_list = table.primary_key().is_some_and(|key| key.columns == [tenant.clone()]);
            let more = if is_list { more.at_most(Severity::Warning) } else { more };
            if let Some(function) = whole.profile.isolation_functions.first() {
                more.help(format!(
                    "call `select {function}('{}')` behind the table: it forces row security with one policy",
                    create.name
                ));
            }
        }
    }
}
