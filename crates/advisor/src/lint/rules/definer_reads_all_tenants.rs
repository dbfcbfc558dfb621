//! A function that reads every tenant's rows for whoever calls it.

use super::{About, Rule};
use crate::lint::script::{Action, Name};
use crate::lint::{At, Findings, Severity};

/// A function that reads every tenant's rows for whoever calls it.
pub(super) struct DefinerReadsAllTenants;

const ABOUT: About = About {
    name: "definer-reads-all-tenants",
    severity: Severity::Warning,
    summary: "A `security definer` function reads a table of tenants and does not ask whose rows.",
    why: "Policies are those of the function's owner, not of whoever calls it: where the owner passes them, \
        each caller is told of every tenant's rows.",
    remedy: "compare the tenant column with the present tenant in the body, or leave `security definer` away",
    given: super::TENANTS,
    bad: "\
create function store_count() returns bigint language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$ select count(*) from public.stores $$;",
    good: "\
create function store_count() returns bigint language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select count(*) from public.stores where tenant_id = current_setting('app.tenant')::uuid
$$;",
};

impl Rule for DefinerReadsAllTenants {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::CreateFunction(function) = &at.statement.action else { return };
        let Some(tenant) = at.profile.tenant_column.as_deref() else { return };
        // A trigger's rows are those of whoever writes them.
        if !function.is_definer || function.is_of_trigger {
            return;
        }
        // Whoever names the tenant in any way has thought of it.
        let is_asking = |word: &String| {
            word == tenant || word.contains("tenant") || word.starts_with("current_")
        };
        if function.words.iter().any(is_asking) {
            return;
        }
        let is_of_tenants =
            |table: &&Name| at.state.is_guarded(table) && at.state.column(table, tenant).is_some();
        if let Some(table) = function.reads.iter().find(is_of_tenants) {
            findings.add(
                at.statement.span,
                format!(
                    "`{}` reads `{table}` as its owner does, and does not ask for `{tenant}`",
                    function.name
                ),
            );
        }
    }
}
