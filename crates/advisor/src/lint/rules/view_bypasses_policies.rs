//! A view that reads with its owner's eyes.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A view that reads with its owner's eyes.
pub(super) struct ViewBypassesPolicies;

const ABOUT: About = About {
    name: "view-bypasses-policies",
    severity: Severity::Warning,
    summary: "A view over a table with row security reads with the rights of the view's owner.",
    why: "Policies are those of the owner, not of whoever queries: where the owner passes them, the \
        view shows every tenant.",
    remedy: "say `with (security_invoker)` (PostgreSQL 15), or compare the tenant in a view with \
        `security_barrier`",
    given: "\
create table stores (tenant_id uuid not null, id bigint, name text, primary key (tenant_id, id));
alter table stores enable row level security;
create policy isolation on stores using (tenant_id = current_setting('app.tenant')::uuid);",
    bad: "\
create view store_names as select tenant_id, name from stores;",
    good: "\
create view store_names with (security_invoker) as select tenant_id, name from stores;",
};

impl Rule for ViewBypassesPolicies {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let view = match &at.statement.action {
            Action::CreateView(view) => view,
            Action::SetViewOptions { view, options } => {
                let is_off = |(name, value): &(String, String)| {
                    name == "security_invoker" && is_false(value)
                };
                if !at.is_down() && options.iter().any(is_off) {
                    let message = format!("`{view}` shows what its owner sees from here on");
                    findings.add(at.statement.span, message);
                }
                return;
            }
            _ => return,
        };
        let says = |option: &str| {
            view.options.iter().any(|(name, value)| name == option && !is_false(value))
        };
        // A barrier alone keeps nobody apart: something in the view must ask who is there.
        if says("security_invoker") || (says("security_barrier") && !view.calls.is_empty()) {
            return;
        }
        let guarded = view.reads.iter().find(|name| {
            at.state
                .table(name)
                .is_some_and(|table| table.has_row_security || table.is_isolated_by_function)
        });
        if let Some(table) = guarded {
            let what = if view.is_materialized {
                "stores what its owner sees"
            } else {
                "shows what its owner sees"
            };
            let more = findings.add(
                at.statement.span,
                format!("`{}` {what} of `{table}`, whoever asks", view.name),
            );
            if view.is_materialized {
                more.help("a materialized view has no row security: keep it from roles of tenants, or keep the tenant in it and guard it by a view");
            }
        }
    }
}

fn is_false(value: &str) -> bool {
    matches!(value, "false" | "off" | "no" | "0")
}
