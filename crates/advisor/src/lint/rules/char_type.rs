//! `char(n)`, which pads with spaces.

use super::added_columns;
use super::{About, Rule};
use crate::lint::{At, Findings, Severity};

/// `char(n)`, which pads with spaces.
pub(super) struct CharType;

const ABOUT: About = About {
    name: "char-type",
    severity: Severity::Warning,
    summary: "`char(n)` pads every value with spaces to its length.",
    why: "The padding takes space, is ignored by some comparisons and not by others, and returns to \
        programs as trailing blanks. It is no faster than text.",
    remedy: "use `text`, with a check on its length where one is meant",
    given: "",
    bad: "\
create table stores (id bigint primary key, country char(2));",
    good: "\
create table stores (id bigint primary key, country text check (length(country) = 2));",
};

impl Rule for CharType {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        for (table, column) in added_columns(&at.statement.action) {
            if column.data_type.name == "char" {
                findings.add(
                    column.type_span,
                    format!("`{table}.{}` is padded with spaces", column.name),
                );
            }
        }
    }
}
