//! A foreign key by which a row can point at another tenant's.

use super::added_constraints;
use super::{About, Rule};
use crate::lint::script::action::ConstraintKind;
use crate::lint::{Findings, Severity, Whole};

/// A foreign key by which a row can point at another tenant's.
pub(super) struct ForeignKeyAcrossTenants;

const ABOUT: About = About {
    name: "foreign-key-across-tenants",
    severity: Severity::Error,
    summary: "The foreign key leaves the tenant column out.",
    why: "Checks of foreign keys bypass row security: a tenant who guesses an id refers to \
        another's row, learns that it exists, and can keep it from being deleted.",
    remedy: "make it composite: `foreign key (tenant_id, store_id) references stores (tenant_id, id)`",
    given: super::TENANTS,
    bad: "\
create table orders (
    tenant_id uuid not null, id bigint, store_id bigint references stores (id),
    primary key (tenant_id, id)
);",
    good: "\
create table orders (
    tenant_id uuid not null, id bigint, store_id bigint, primary key (tenant_id, id),
    foreign key (tenant_id, store_id) references stores (tenant_id, id)
);
create index orders_store on orders (tenant_id, store_id);
alter table orders enable row level security;
alter table orders force row level security;
create policy isolation on orders using (tenant_id = current_setting('app.tenant')::uuid);",
};

impl Rule for ForeignKeyAcrossTenants {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        let Some(tenant) = &whole.profile.tenant_column else { return };
        for statement in &whole.script.statements {
            for (name, constraint) in added_constraints(&statement.action) {
                let ConstraintKind::ForeignKey(to) = &constraint.kind else { continue };
                let own =
                    whole.after.table(name).is_some_and(|table| table.column(tenant).is_some());
                let other = whole.after.table(&to.table);
                // Of a table that is not known, its name is asked: tables of tenants have no tenant themselves.
                let is_tenants = match other {
                    Some(table) => {
                        let is_key =
                            table.primary_key().is_some_and(|key| key.columns == [tenant.clone()]);
                        table.column(tenant).is_some() && !is_key
                    }
                    None => !to.columns.is_empty() && !constraint.columns.contains(tenant),
                };
                if own && is_tenants && !constraint.columns.contains(tenant) {
                    let more = findings.add(
                        constraint.span,
                        format!(
                            "a row of `{name}` can refer to another tenant's row of `{}`",
                            to.table
                        ),
                    );
                    let (own, theirs) = (constraint.columns.join(", "), to.columns.join(", "));
                    let theirs = if theirs.is_empty() { own.clone() } else { theirs };
                    let more = more.help(format!(
                        "`foreign key ({tenant}, {own}) references {} ({tenant}, {theirs})`: checks of \
                         foreign keys bypass row security",
                        to.table
                    ));
                    if other.is_none() {
                        more.at_most(Severity::Warning);
                    }
                }
            }
        }
    }
}
