//! A table, schema or database dropped.

use super::{About, Rule};
use crate::lint::script::action::{Action, ObjectKind};
use crate::lint::{At, Findings, Severity};

/// A table, schema or database dropped.
pub(super) struct DropTable;

const ABOUT: About = About {
    name: "drop-table",
    severity: Severity::Warning,
    summary: "Dropping a table loses its rows, and breaks whatever still names it.",
    why: "There is no way back but a restore. Code that still runs fails on its next query.",
    remedy: "release code that does not use it, rename it out of the way for a while, then drop it; \
        say so in an allow comment",
    given: "",
    bad: "drop table old_orders;",
    good: "create table new_orders (id bigint primary key);",
};

impl Rule for DropTable {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if at.is_down() {
            return;
        }
        tell_of_chunks(at, findings);
        let Action::Drop(drop) = &at.statement.action else { return };
        let what = match drop.kind {
            ObjectKind::Table => "table",
            ObjectKind::Schema => "schema",
            ObjectKind::Database => "database",
            ObjectKind::Owned => "everything that belongs to",
            _ => return,
        };
        for name in &drop.names {
            // A mark of dynamic SQL need not be the table that another statement made by the same mark.
            if at.state.is_new(name) && !name.name.starts_with('<') {
                continue;
            }
            let size = at.state.table(name).and_then(|table| table.size);
            let more = findings
                .add(at.statement.span, format!("{what} `{name}` is lost with all its rows"));
            let more = match size {
                Some(size) => more.evidence(size.to_string()),
                None => more,
            };
            if drop.kind != ObjectKind::Table {
                more.severity(Severity::Error);
            }
        }
    }
}

/// TimescaleDB drops the chunks of a time by a call.
fn tell_of_chunks(at: &At<'_>, findings: &mut Findings<'_>) {
    let Action::Select { calls } = &at.statement.action else { return };
    for call in calls.iter().filter(|call| call.name.ends_with("drop_chunks")) {
        let Some(table) = call.table().filter(|table| !at.state.is_new(table)) else { continue };
        let message = format!("chunks of `{table}` are lost with all their rows");
        findings.add(at.statement.span, message);
    }
}
