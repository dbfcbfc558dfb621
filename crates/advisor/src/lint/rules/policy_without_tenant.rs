//! A policy that lets every tenant through.

use super::{About, Rule};
use crate::lint::script::action::{Action, Logic};
use crate::lint::state::Table;
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
        let known = at.state.table(&policy.table);
        let guarded = known.zip(tenant).filter(|(table, name)| table.column(name).is_some());
        let conditions =
            [(&policy.using, &policy.using_logic), (&policy.check, &policy.check_logic)];
        for (expression, logic) in conditions {
            let (Some(expression), Some(logic)) = (expression, logic) else { continue };
            let text = expression.text.to_lowercase();
            if matches!(text.as_str(), "true" | "1 = 1" | "1=1") {
                findings.add(
                    expression.span,
                    format!("`{}` holds for every row of `{}`", expression.text, policy.table),
                );
                continue;
            }
            let Some((table, tenant)) = guarded else { continue };
            // A role of one tenant may have that tenant's name in its policy.
            let is_of_roles = policy.roles.iter().any(|role| role != "public");
            let asked = Asked { at, table, tenant, is_of_roles };
            match logic {
                _ if asked.is_kept_apart(logic) => {}
                Logic::Any(sides) if sides.iter().any(|side| asked.is_kept_apart(side)) => {
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
                }
                _ => {
                    let message = if expression.columns.iter().any(|it| it == tenant) {
                        format!(
                            "`{}` does not bind `{tenant}` to one tenant: rows of others pass",
                            expression.text
                        )
                    } else {
                        format!(
                            "`{}` lets rows of `{}` through without asking for `{tenant}`",
                            policy.name, policy.table
                        )
                    };
                    findings.add(expression.span, message);
                }
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

/// What a condition is asked.
struct Asked<'a> {
    at: &'a At<'a>,
    table: &'a Table,
    tenant: &'a str,
    is_of_roles: bool,
}

impl Asked<'_> {
    /// Whether every row that passes is one of whoever asks.
    fn is_kept_apart(&self, logic: &Logic) -> bool {
        match logic {
            Logic::All(sides) => sides.iter().any(|side| self.is_kept_apart(side)),
            Logic::Any(sides) => sides.iter().all(|side| self.is_kept_apart(side)),
            Logic::Equal { column, asks, reads } => {
                // Rows of a guarded table are those of the present tenant already.
                let is_read_guarded = reads.iter().any(|from| {
                    self.at
                        .state
                        .table(from)
                        .is_none_or(|table| table.has_row_security || table.is_isolated_by_function)
                });
                let is_tenant = column == self.tenant;
                is_read_guarded || (is_tenant && (*asks || self.is_of_roles))
            }
            // A query that looks at nothing of the row lets all rows through, or none.
            Logic::Exists(named) => named
                .iter()
                .any(|name| *name == self.table.name.name || self.table.column(name).is_some()),
            Logic::Never | Logic::Unclear => true,
            Logic::Open => false,
        }
    }
}
