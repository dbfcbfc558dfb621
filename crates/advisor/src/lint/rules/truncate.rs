//! A table emptied.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A table emptied.
pub(super) struct Truncate;

const ABOUT: About = About {
    name: "truncate",
    severity: Severity::Warning,
    summary: "TRUNCATE loses all rows, under a lock that stops readers too.",
    why: "It does not look at row security, fires no row triggers, and there is no way back but a \
        restore.",
    remedy: "delete what must go by its key, in batches; or say in an allow comment why all of it must \
        go",
    given: "",
    bad: "truncate orders;",
    good: "delete from orders where id between 1 and 1000;",
};

impl Rule for Truncate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Truncate { tables, is_cascading } = &at.statement.action else { return };
        let Some(table) = tables.iter().find(|table| !at.state.is_new(table)) else { return };
        let more = if *is_cascading {
            findings
                .add(at.statement.span, format!("`{table}`, and every table that refers to it, is emptied"))
                .severity(Severity::Error)
                .help("name each table that must be emptied; without `cascade` PostgreSQL says which refer to it")
        } else {
            findings.add(at.statement.span, format!("all rows of `{table}` are lost"))
        };
        if let Some(size) = at.state.table(table).and_then(|table| table.size) {
            more.evidence(size.to_string());
        }
    }
}
