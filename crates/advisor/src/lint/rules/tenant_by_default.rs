//! A tenant column that fills itself with one tenant.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, Expression};
use crate::lint::{At, Findings, Severity};

/// A tenant column that fills itself with one tenant.
pub(super) struct TenantByDefault;

const ABOUT: About = About {
    name: "tenant-by-default",
    severity: Severity::Warning,
    summary: "The tenant column, or the setting that policies ask for, has a constant for a default.",
    why: "Code that forgets the tenant writes rows of everybody into one tenant, and nothing fails.",
    remedy: "no default, so that such an insert fails; or one that asks for the present tenant",
    given: super::TENANTS,
    bad: "\
alter table stores alter column tenant_id set default '00000000-0000-0000-0000-000000000001';",
    good: "\
alter table stores alter column tenant_id set default current_setting('app.tenant')::uuid;",
};

impl Rule for TenantByDefault {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Some(tenant) = at.profile.tenant_column.as_deref() else { return };
        let is_constant =
            |value: &Expression| value.calls.is_empty() && !value.text.eq_ignore_ascii_case("null");
        let mut constants = Vec::new();
        for (table, column) in super::added_columns(&at.statement.action) {
            if let Some(value) = column.default.as_ref().filter(|_| column.name == tenant) {
                constants.push((table, value));
            }
        }
        if let Action::AlterTable(alter) = &at.statement.action {
            for (_, change) in &alter.changes {
                if let Change::SetDefault(column, value) = change
                    && column == tenant
                {
                    constants.push((&alter.table, value));
                }
            }
        }
        if let Action::SetForSessions { whose, name, value } = &at.statement.action
            && names_tenant(name, tenant)
            // With an empty one, whoever names no tenant sees nothing.
            && !value.trim_matches('\'').is_empty()
            && !at.is_down()
        {
            let message = format!("sessions of {whose} that name no tenant are those of {value}");
            findings.add(at.statement.span, message);
        }
        for (table, value) in constants.into_iter().filter(|(_, value)| is_constant(value)) {
            findings.add(
                value.span,
                format!("rows of `{table}` without a tenant become those of {}", value.text),
            );
        }
    }
}

/// Whether a setting says who asks, by its name: `app.tenant` and `app.tenant_id` for `tenant_id`.
fn names_tenant(setting: &str, tenant: &str) -> bool {
    let word = tenant.strip_suffix("_id").unwrap_or(tenant);
    let Some((_, last)) = setting.rsplit_once('.') else { return false };
    let asked = last.strip_prefix("current_").unwrap_or(last);
    asked == tenant || asked == word
}
