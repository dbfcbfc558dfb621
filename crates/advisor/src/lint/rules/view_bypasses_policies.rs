//! A view that reads with its owner's eyes.

use super::{About, Rule};
use crate::lint::script::action::{Action, is_off};
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
                let is_off =
                    |(name, value): &(String, String)| name == "security_invoker" && is_off(value);
                if !at.is_down() && options.iter().any(is_off) {
                    let message = format!("`{view}` shows what its owner sees from here on");
                    findings.add(at.statement.span, message);
                }
                return;
            }
            _ => return,
        };
        // A barrier alone keeps nobody apart: something in the view must ask who is there.
        if view.is_of_invoker() || (view.has_option("security_barrier") && !view.calls.is_empty()) {
            return;
        }
        let guarded = view.reads.iter().find(|name| {
            at.state.is_guarded(name) || at.state.table(name).is_some_and(|it| it.shows_guarded)
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
