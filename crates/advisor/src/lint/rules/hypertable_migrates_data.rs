//! A hypertable made of a table with rows, in one go.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A hypertable made of a table with rows, in one go.
pub(super) struct HypertableMigratesData;

const ABOUT: About = About {
    name: "hypertable-migrates-data",
    severity: Severity::Error,
    summary: "`migrate_data` moves all rows into chunks while nobody may use the table.",
    why: "The table is locked until every row has been copied, and twice the space is needed.",
    remedy: "create a new hypertable, copy time range by time range, and swap the names",
    given: "",
    bad: "\
select create_hypertable('readings', 'at', migrate_data => true);",
    good: "\
create table readings (at timestamptz not null);
select create_hypertable('readings', 'at');",
};

impl Rule for HypertableMigratesData {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Select { calls } = &at.statement.action else { return };
        for call in calls.iter().filter(|call| call.name.ends_with("create_hypertable")) {
            let moves = call.arguments.iter().any(|(name, value)| {
                name.as_deref() == Some("migrate_data") && value.eq_ignore_ascii_case("true")
            });
            let Some(table) = call.table().filter(|table| moves && !at.state.is_new(table)) else {
                continue;
            };
            let size = at.state.table(&table).and_then(|table| table.size);
            findings
                .add(
                    at.statement.span,
                    format!("all rows of `{table}` are moved while nobody may use it"),
                )
                .sized(size);
        }
    }
}
