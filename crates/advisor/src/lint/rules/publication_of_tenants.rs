//! A publication that sends the rows of every tenant.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::state::Table;
use crate::lint::{At, Findings, Severity};

/// A publication that sends the rows of every tenant.
pub(super) struct PublicationOfTenants;

const ABOUT: About = About {
    name: "publication-of-tenants",
    severity: Severity::Warning,
    summary: "A publication sends the rows of every tenant: no policy is asked.",
    why: "Whoever subscribes reads the table whole, and what is kept there has no row security of ours. \
        FOR ALL TABLES sends tables that are made later too.",
    remedy: "name the tables, and choose a tenant's rows: `for table .. where (tenant_id = ..)`; where \
        everything is meant to leave, say so in an allow comment",
    given: super::TENANTS,
    bad: "create publication everything for all tables;",
    good: "\
create publication of_one for table stores
where (tenant_id = '00000000-0000-0000-0000-000000000001');",
};

impl Rule for PublicationOfTenants {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Publish(publish) = &at.statement.action else { return };
        let Some(tenant) = &at.profile.tenant_column else { return };
        if at.is_down() {
            return;
        }
        let is_tenants = |table: &&Table| {
            table.has_row_security
                || table.is_isolated_by_function
                || table.column(tenant).is_some()
        };
        let schema_of = |table: &Table| table.name.schema.clone().unwrap_or("public".to_owned());
        let is_sent =
            |table: &&Table| publish.is_everything || publish.schemas.contains(&schema_of(table));
        let named = publish
            .tables
            .iter()
            .filter(|published| !published.chosen_by.contains(tenant))
            .filter_map(|published| at.state.table(&published.table));
        let sent = at.state.tables().filter(is_sent).chain(named).find(is_tenants);
        if let Some(table) = sent {
            let message = format!("rows of `{}` leave for every tenant", table.name);
            findings.add(at.statement.span, message);
        }
    }
}
