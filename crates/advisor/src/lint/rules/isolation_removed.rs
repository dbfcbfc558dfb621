//! Isolation taken off a table.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, ObjectKind};
use crate::lint::{At, Findings, Severity};

/// Isolation taken off a table.
pub(super) struct IsolationRemoved;

const ABOUT: About = About {
    name: "isolation-removed",
    severity: Severity::Error,
    summary: "Row security is switched off, or its policy dropped without another.",
    why: "From the commit on every tenant reads every row, or nobody reads any.",
    remedy: "create the new policy before the old one is dropped, in the same transaction; leave row \
        security on",
    given: super::TENANTS,
    bad: "alter table stores disable row level security;",
    good: "\
begin;
create policy isolation_next on stores using (tenant_id = current_setting('app.tenant')::uuid);
drop policy isolation on stores;
commit;",
};

impl Rule for IsolationRemoved {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if at.is_down() {
            return;
        }
        match &at.statement.action {
            Action::AlterTable(alter) if !at.state.is_new(&alter.table) => {
                for (span, change) in &alter.changes {
                    match change {
                        Change::DisableRowSecurity => {
                            findings.add(
                                *span,
                                format!(
                                    "every role with a right on `{}` sees every row",
                                    alter.table
                                ),
                            );
                        }
                        Change::UnforceRowSecurity => {
                            findings
                                .add(
                                    *span,
                                    format!("the owner of `{}` passes its policies", alter.table),
                                )
                                .severity(Severity::Warning);
                        }
                        _ => {}
                    }
                }
            }
            Action::Drop(drop) if drop.kind == ObjectKind::Policy => {
                let Some(table) = drop.on.as_ref().filter(|on| !at.state.is_new(on)) else {
                    return;
                };
                let is_replaced = at.script.statements.iter().any(|other| {
                    matches!(&other.action, Action::Policy(policy) if policy.table == *table && !policy.is_altered)
                });
                let is_dropped = at.script.statements[at.index..].iter().any(|later| {
                    matches!(&later.action, Action::Drop(later) if later.kind == ObjectKind::Table && later.names.contains(table))
                });
                if !is_replaced && !is_dropped {
                    findings.add(
                        at.statement.span,
                        format!("no policy takes the place of this one on `{table}`"),
                    );
                }
            }
            _ => {}
        }
    }
}
