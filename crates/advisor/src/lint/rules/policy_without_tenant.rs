//! A policy that lets every tenant through.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A policy that lets every tenant through.
pub(super) struct PolicyWithoutTenant;

const ABOUT: About = About {
    name: "policy-without-tenant",
    severity: Severity::Error,
    summary: "The policy does not compare the tenant column.",
    why: "Permissive policies are joined by OR: one that holds for every row opens the table, \
        whatever the others say.",
    remedy: "compare the tenant column with the present tenant, in `using` and in `with check`",
    given: super::TENANTS,
    bad: "create policy everybody on stores using (true);",
    good: "\
create policy own on stores using (tenant_id = current_setting('app.tenant')::uuid);",
};

impl Rule for PolicyWithoutTenant {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Policy(policy) = &at.statement.action else { return };
        if policy.is_restrictive {
            return;
        }
        let tenant = at.profile.tenant_column.as_deref();
        for expression in [&policy.using, &policy.check].into_iter().flatten() {
            let is_open =
                matches!(expression.text.to_lowercase().as_str(), "true" | "1 = 1" | "1=1");
            let has_tenant = at
                .state
                .table(&policy.table)
                .zip(tenant)
                .is_some_and(|(table, tenant)| table.column(tenant).is_some());
            let names_tenant =
                tenant.is_some_and(|tenant| expression.columns.iter().any(|it| it == tenant));
            let text = expression.text.to_lowercase();
            let compares = text.contains('=') || text.contains(" in ") || text.contains(" in(");
            let is_open_at_times =
                text.contains(" or ") && (text.contains("is null") || text.contains("or true"));
            if is_open {
                findings.add(
                    expression.span,
                    format!("`{}` holds for every row of `{}`", expression.text, policy.table),
                );
            } else if is_open_at_times {
                findings
                    .add(
                        expression.span,
                        format!(
                            "`{}` lets every row of `{}` through when one side of its `or` holds",
                            policy.name, policy.table
                        ),
                    )
                    .severity(Severity::Warning)
                    .help("a tenant that is not set must see nothing: compare and nothing else");
            } else if names_tenant && !compares && expression.calls.is_empty() {
                findings.add(
                    expression.span,
                    format!(
                        "`{}` compares with no tenant: it holds for each of them",
                        expression.text
                    ),
                );
            } else if has_tenant && !names_tenant && expression.calls.is_empty() {
                let tenant = tenant.unwrap_or_default();
                findings.add(
                    expression.span,
                    format!(
                        "`{}` lets rows of `{}` through without asking for `{tenant}`",
                        policy.name, policy.table
                    ),
                );
            }
        }
        // Without `with check`, `using` holds for what is written too; a policy for insert has no `using`.
        if policy.using.is_none() && policy.check.is_none() && !policy.is_altered {
            findings
                .add(at.statement.span, format!("`{}` has no condition", policy.name))
                .severity(Severity::Warning);
        }
    }
}
