//! A tenant column that may be empty.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, ConstraintKind};
use crate::lint::{At, Findings, Severity};

/// A tenant column that may be empty.
pub(super) struct TenantColumnNullable;

const ABOUT: About = About {
    name: "tenant-column-nullable",
    severity: Severity::Error,
    summary: "The tenant column may be null.",
    why: "A row without tenant belongs to nobody: every policy hides it, and foreign keys with a \
        null in them are not checked.",
    remedy: "declare it `not null`",
    given: super::TENANTS,
    bad: "\
create table reviews (id bigint primary key, tenant_id uuid);",
    good: "\
create table reviews (tenant_id uuid not null, id bigint, primary key (tenant_id, id));
alter table reviews enable row level security;
alter table reviews force row level security;
create policy isolation on reviews using (tenant_id = current_setting('app.tenant')::uuid);",
};

impl Rule for TenantColumnNullable {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Some(tenant) = &at.profile.tenant_column else { return };
        let loosened = match &at.statement.action {
            Action::CreateTable(create) if at.profile.is_tenants(create.name.schema.as_deref()) => {
                let is_in_key = create.constraints.iter().any(|one| {
                    matches!(one.kind, ConstraintKind::PrimaryKey) && one.columns.contains(tenant)
                });
                let column = create
                    .columns
                    .iter()
                    .find(|column| column.name == *tenant && !column.is_required);
                column
                    .filter(|_| !is_in_key && !create.is_temporary && !is_set_later(at))
                    .map(|column| (column.span, &create.name))
            }
            Action::AlterTable(alter) => {
                alter.changes.iter().find_map(|(span, change)| match change {
                    Change::DropNotNull(column) if column == tenant => Some((*span, &alter.table)),
                    _ => None,
                })
            }
            _ => None,
        };
        tell_of_emptied(at, tenant, findings);
        if let Some((span, table)) = loosened {
            findings.add(span, format!("a row of `{table}` without `{tenant}` belongs to nobody"));
        }
    }
}

fn is_set_later(at: &At<'_>) -> bool {
    at.script.statements[at.index..].iter().any(|later| match &later.action {
        Action::AlterTable(alter) => {
            alter.changes.iter().any(|(_, change)| matches!(change, Change::SetNotNull(_)))
        }
        _ => false,
    })
}

/// `on delete set null` sets all columns of the reference to null, the tenant's among them.
fn tell_of_emptied(at: &At<'_>, tenant: &String, findings: &mut Findings<'_>) {
    for (table, constraint) in super::added_constraints(&at.statement.action) {
        let ConstraintKind::ForeignKey(to) = &constraint.kind else { continue };
        let Some(emptied) = &to.emptied else { continue };
        let all = if emptied.is_empty() { &constraint.columns } else { emptied };
        if all.contains(tenant) && constraint.columns.len() > 1 {
            let kept: Vec<&str> = constraint
                .columns
                .iter()
                .filter(|column| *column != tenant)
                .map(String::as_str)
                .collect();
            let message = format!(
                "deleting a row of `{}` takes `{tenant}` from those of `{table}` that refer to it, or fails",
                to.table
            );
            findings.add(constraint.span, message).help(format!(
                "name the columns that become null: `on delete set null ({})`",
                kept.join(", ")
            ));
        }
    }
}
