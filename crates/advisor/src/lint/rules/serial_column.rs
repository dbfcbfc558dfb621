//! `serial` where `identity` does better.

use super::added_columns;
use super::{About, Rule};
use crate::lint::{At, Findings, Severity};

/// `serial` where `identity` does better.
pub(super) struct SerialColumn;

const ABOUT: About = About {
    name: "serial-column",
    severity: Severity::Note,
    summary: "`serial` is a default and a sequence that are only loosely tied together.",
    why: "The sequence has rights of its own, which a grant on the table forgets; anybody may \
        overwrite the number; copying the table by `like` shares the sequence.",
    remedy: "write `bigint generated always as identity`",
    given: "",
    bad: "create table sales (id bigserial primary key);",
    good: "\
create table sales (id bigint generated always as identity primary key);",
};

impl Rule for SerialColumn {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        for (table, column) in added_columns(&at.statement.action) {
            if column.data_type.is_serial() {
                findings.add(
                    column.type_span,
                    format!("the sequence of `{table}.{}` has rights of its own", column.name),
                );
            }
        }
    }
}
