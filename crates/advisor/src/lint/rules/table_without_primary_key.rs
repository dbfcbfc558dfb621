//! A table whose rows have no name.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{Findings, Severity, Whole};

/// A table whose rows have no name.
pub(super) struct TableWithoutPrimaryKey;

const ABOUT: About = About {
    name: "table-without-primary-key",
    severity: Severity::Warning,
    summary: "A table without primary key has rows that nothing can name.",
    why: "Rows cannot be updated one by one, duplicates stay unseen, and logical replication \
        refuses updates and deletes.",
    remedy: "declare a primary key; a partition or a table of scratch rows needs none",
    given: "",
    bad: "\
create table audit (at timestamptz not null, what text not null);",
    good: "\
create table audit (id bigint generated always as identity primary key, at timestamptz not null);",
};

impl Rule for TableWithoutPrimaryKey {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        for statement in &whole.script.statements {
            let Action::CreateTable(create) = &statement.action else { continue };
            let Some(table) = whole.after.table(&create.name) else { continue };
            let has_key = table.primary_key().is_some()
                || table.indexes.iter().any(|index| index.is_unique && index.condition.is_none());
            let needs_none = create.is_temporary
                || create.partition_of.is_some()
                || create.has_other_columns
                || create.columns.is_empty()
                || table.is_hypertable;
            if !has_key && !needs_none {
                findings.add(create.name_span, format!("nothing names a row of `{}`", create.name));
            }
        }
    }
}
