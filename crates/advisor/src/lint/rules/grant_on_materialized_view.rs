//! A right on stored rows of every tenant.

use super::{About, Rule};
use crate::lint::script::{Action, Name};
use crate::lint::state::{Kind, Table};
use crate::lint::{At, Findings, Severity};

/// A right on stored rows of every tenant.
pub(super) struct GrantOnMaterializedView;

const ABOUT: About = About {
    name: "grant-on-materialized-view",
    severity: Severity::Warning,
    summary: "A materialized view has no row security: whoever may read it reads what its owner saw.",
    why: "It stores rows of tables that policies guard, as they were when its owner refreshed it. No policy can \
        be put on it, so one right to read it is one to read every tenant.",
    remedy: "grant on a view over it that asks for the tenant, with `security_barrier`, and not on the stored rows",
    given: "\
create table stores (tenant_id uuid not null, id bigint, name text, primary key (tenant_id, id));
alter table stores enable row level security;
alter table stores force row level security;
create policy isolation on stores using (tenant_id = current_setting('app.tenant')::uuid);
create materialized view store_names as select tenant_id, name from stores;",
    bad: "grant select on store_names to app;",
    good: "\
create view names with (security_barrier) as
select tenant_id, name from store_names where tenant_id = current_setting('app.tenant')::uuid;
grant select on names to app;",
};

impl Rule for GrantOnMaterializedView {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Grant(grant) = &at.statement.action else { return };
        if at.is_down() || grant.to.iter().all(|role| at.state.roles.unbound.contains(role)) {
            return;
        }
        let is_stored = |it: &Table| it.kind == Kind::MaterializedView && it.shows_guarded;
        let named = grant.tables.iter().find(|name| at.state.table(name).is_some_and(is_stored));
        // «All tables» are all materialized views, too.
        let schemas = grant.on.to_lowercase();
        let schemas = schemas.strip_prefix("all tables in schema ").unwrap_or_default();
        let is_in = |name: &Name| {
            let schema = name.schema.as_deref().unwrap_or("public");
            schemas.split(',').any(|one| one.trim().trim_matches('"') == schema)
        };
        let of_schema = || at.state.tables().find(|it| is_stored(it) && is_in(&it.name));
        let stored = named.or_else(|| of_schema().map(|it| &it.name));
        if let Some(view) = stored {
            let message =
                format!("{} may read what `{view}` stores of every tenant", grant.to.join(", "));
            findings.add(at.statement.span, message);
        }
    }
}
