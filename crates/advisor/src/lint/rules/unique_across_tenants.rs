//! A unique key that tenants share.

use super::added_constraints;
use super::{About, Rule};
use crate::lint::script::action::{Action, ConstraintKind};
use crate::lint::script::{Name, Span};
use crate::lint::{Findings, Severity, Whole};

/// A unique key that tenants share.
pub(super) struct UniqueAcrossTenants;

const ABOUT: About = About {
    name: "unique-across-tenants",
    severity: Severity::Warning,
    summary: "The unique key leaves the tenant column out.",
    why: "Two tenants cannot have the same value, and the error of the second tells that the first \
        has it. It also keeps the table from being distributed by tenant.",
    remedy: "begin the key with the tenant column",
    given: super::TENANTS,
    bad: "\
create table products (
    tenant_id uuid not null, id bigint, sku text, primary key (tenant_id, id), unique (sku)
);",
    good: "\
create table products (
    tenant_id uuid not null, id bigint, sku text, primary key (tenant_id, id),
    unique (tenant_id, sku)
);
alter table products enable row level security;
alter table products force row level security;
create policy isolation on products using (tenant_id = current_setting('app.tenant')::uuid);",
};

impl Rule for UniqueAcrossTenants {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        let Some(tenant) = &whole.profile.tenant_column else { return };
        for statement in &whole.script.statements {
            let mut keys: Vec<(Span, &Name, String, Vec<String>)> =
                added_constraints(&statement.action)
                    .filter(|(_, one)| {
                        matches!(one.kind, ConstraintKind::Unique | ConstraintKind::Exclude)
                            && one.using_index.is_none()
                    })
                    .map(|(name, one)| {
                        (one.span, name, one.columns.join(", "), one.columns.clone())
                    })
                    .collect();
            if let Action::CreateIndex(index) = &statement.action
                && index.is_unique
            {
                let columns = index.columns.iter().flatten().cloned().collect();
                keys.push((statement.span, &index.table, index.keys.join(", "), columns));
            }
            for (span, name, shown, columns) in keys {
                let Some(table) = whole.after.table(name) else { continue };
                let is_tenants = table.column(tenant).is_some()
                    && whole.profile.is_tenants(table.name.schema.as_deref());
                let is_random = columns.len() == 1
                    && table
                        .column(&columns[0])
                        .is_some_and(|column| column.data_type.name == "uuid");
                if is_tenants && !columns.contains(tenant) && !is_random {
                    let message = format!("no two tenants can have the same ({shown}) in `{name}`");
                    findings.add(span, message);
                }
            }
        }
    }
}
