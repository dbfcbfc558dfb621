//! A statement that changes as many rows as there are.

use super::{About, Rule};
use crate::lint::script::action::{Action, Condition};
use crate::lint::script::{Name, Statement};
use crate::lint::state::{Kind, Table};
use crate::lint::{At, Findings, Severity};

/// A statement that changes as many rows as there are.
pub(super) struct UnboundedDataChange;

const ABOUT: About = About {
    name: "unbounded-data-change",
    severity: Severity::Warning,
    summary: "The statement changes any number of rows in one transaction.",
    why: "Every changed row stays locked until the end, is written twice (the old version stays \
        until vacuum), and floods replicas at once. Without a condition it is all rows, which is \
        seldom meant.",
    remedy: "change a bounded range of keys a transaction, in a job that can stop and go on: `where id \
        between $1 and $2`",
    given: "",
    bad: "update orders set currency = 'EUR';",
    good: "\
update orders set currency = 'EUR' where id between 1 and 10000 and currency is null;",
};

impl Rule for UnboundedDataChange {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::ChangeRows(change) = &at.statement.action else { return };
        let known = at.state.table(&change.table);
        let is_view = known.is_some_and(|table| table.kind == Kind::View);
        if at.state.is_new(&change.table) || is_view {
            return;
        }
        // Rows of the catalog, of functions and of new tables are few.
        let reads_rows =
            change.reads.iter().any(|from| !is_catalog(from) && !at.state.is_new(from));
        if change.verb == "insert" && !reads_rows {
            return;
        }
        let size = known.and_then(|table| table.size);
        let table = &change.table;
        match &change.condition {
            Some(condition) if condition.is_always_true && condition.has_limit => {}
            None if change.verb == "update" || change.verb == "delete" => {
                let done = if change.verb == "update" { "written anew" } else { "deleted" };
                findings
                    .add(
                        at.statement.span,
                        format!("every row of `{table}` is {done} in one transaction"),
                    )
                    .severity(Severity::Error)
                    .sized(size);
            }
            Some(condition) if condition.is_always_true => {
                findings
                    .add(
                        at.statement.span,
                        format!("`{}` holds for every row of `{table}`", condition.text),
                    )
                    .severity(Severity::Error)
                    .sized(size);
            }
            Some(condition) if is_bounded(condition, known) => {}
            // Rows that a new table lists by their key are as many as somebody put there.
            Some(condition)
                if finds_by_key(condition, known)
                    && change.reads.iter().all(|from| is_listed(at, from)) => {}
            _ => {
                let message = match change.verb {
                    "insert" => format!("as many rows as the query has go into `{table}` at once"),
                    verb => {
                        format!("nothing bounds how many rows of `{table}` this {verb} changes")
                    }
                };
                findings.add(at.statement.span, message).sized(size);
            }
        }
    }
}

/// Whether somebody said how many rows it can be: a limit, a range of two ends, or a key.
fn is_bounded(condition: &Condition, table: Option<&Table>) -> bool {
    if condition.has_limit || !condition.ranged.is_empty() {
        return true;
    }
    is_key(&condition.equal, table)
}

/// Whether rows are looked for by their key in what a query gives.
fn finds_by_key(condition: &Condition, table: Option<&Table>) -> bool {
    is_key(&condition.found, table)
}

fn is_key(columns: &[String], table: Option<&Table>) -> bool {
    let is_named_like_key = |column: &String| {
        matches!(column.as_str(), "id" | "key" | "code" | "slug" | "uuid" | "ctid" | "name")
    };
    table.is_some_and(|table| table.is_key(columns)) || columns.iter().any(is_named_like_key)
}

/// Whether a table is of this script, and was filled with what is written out or under a limit.
fn is_listed(at: &At<'_>, name: &Name) -> bool {
    let fills_without_end = |earlier: &Statement| match &earlier.action {
        Action::CreateTableAs { name: made, has_limit, .. } => {
            made.qualified() == name.qualified() && !has_limit
        }
        // Those under a limit are read as if they read nothing.
        Action::ChangeRows(rows) => {
            rows.verb == "insert"
                && rows.table.qualified() == name.qualified()
                && !rows.reads.is_empty()
        }
        _ => false,
    };
    at.state.is_new(name) && !at.script.statements[..at.index].iter().any(fills_without_end)
}

fn is_catalog(name: &Name) -> bool {
    let schema = name.schema.as_deref().unwrap_or_default();
    matches!(schema, "pg_catalog" | "information_schema" | "timescaledb_information")
        || name.name.starts_with("pg_")
}
