//! A table that does not say whose its rows are.

use super::{About, Rule};
use crate::lint::script::Name;
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A table that does not say whose its rows are.
pub(super) struct TenantColumnMissing;

const ABOUT: About = About {
    name: "tenant-column-missing",
    severity: Severity::Error,
    summary: "The table has no column for the tenant.",
    why: "Rows without an owner cannot be isolated, exported or deleted for one tenant, and cannot \
        be distributed by tenant later.",
    remedy: "add the tenant column, `not null`, first in the primary key; say in an allow comment why \
        a table is shared by all",
    given: super::TENANTS,
    bad: "create table reviews (id bigint primary key, body text);",
    good: "\
create table reviews (
    tenant_id uuid not null, id bigint, body text, primary key (tenant_id, id)
);
alter table reviews enable row level security;
alter table reviews force row level security;
create policy isolation on reviews using (tenant_id = current_setting('app.tenant')::uuid);",
};

impl Rule for TenantColumnMissing {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::CreateTable(create) = &at.statement.action else { return };
        let Some(tenant) = &at.profile.tenant_column else { return };
        let is_exempt = create.is_temporary
            || create.partition_of.is_some()
            || create.has_other_columns
            || create.columns.is_empty()
            || is_list_of_tenants(&create.name, tenant)
            || !at.profile.is_tenants(create.name.schema.as_deref());
        let has_it = create.columns.iter().any(|column| column.name == *tenant)
            || added_later(at, &create.name, tenant);
        if !is_exempt && !has_it {
            findings.add(
                create.name_span,
                format!("`{}` has no `{tenant}`: nothing says whose its rows are", create.name),
            );
        }
    }
}

fn added_later(at: &At<'_>, table: &Name, tenant: &str) -> bool {
    at.script.statements[at.index..].iter().any(|later| match &later.action {
        Action::AlterTable(alter) if alter.table == *table => alter
            .changes
            .iter()
            .any(|(_, change)| matches!(change, Change::AddColumn(it, _) if it.name == tenant)),
        _ => false,
    })
}

/// Whether the table lists the tenants themselves: `tenants` of `tenant_id`.
fn is_list_of_tenants(table: &Name, tenant: &str) -> bool {
    let word = tenant.strip_suffix("_id").unwrap_or(tenant);
    table.name == word || table.name.strip_suffix('s') == Some(word)
}
